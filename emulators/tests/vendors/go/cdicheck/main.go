// Command cdicheck reads and validates a CDI specification, and prints what each device gives.
package main

import (
	"encoding/json"
	"log"
	"os"

	"tags.cncf.io/container-device-interface/pkg/cdi"
)

type device struct {
	Nodes []string `json:"nodes"`
}

func main() {
	spec, err := cdi.ReadSpec(os.Args[1], 0)
	if err != nil {
		log.Fatal(err)
	}
	if spec == nil {
		log.Fatal("there is no specification")
	}
	devices := map[string]device{}
	for _, one := range spec.Devices {
		nodes := []string{}
		for _, node := range one.ContainerEdits.DeviceNodes {
			nodes = append(nodes, node.Path)
		}
		devices[one.Name] = device{Nodes: nodes}
	}
	mounts := []string{}
	for _, mount := range spec.ContainerEdits.Mounts {
		mounts = append(mounts, mount.ContainerPath)
	}
	nodes := []string{}
	for _, node := range spec.ContainerEdits.DeviceNodes {
		nodes = append(nodes, node.Path)
	}
	found := map[string]any{"kind": spec.Kind, "devices": devices, "mounts": mounts, "nodes": nodes}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}
