// Command sysreader reads a /sys with Prometheus' procfs, as node_exporter does, and prints JSON.
package main

import (
	"encoding/json"
	"log"
	"os"
	"slices"

	"github.com/prometheus/procfs/sysfs"
)

func main() {
	files, err := sysfs.NewFS(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	amd, err := files.ClassDRMCardAMDGPUStats()
	if err != nil {
		log.Fatal(err)
	}
	functions, err := files.PciDevices()
	if err != nil {
		log.Fatal(err)
	}
	found := map[string]any{"amd": amd, "functions": len(functions)}
	// The rest is for machines that have it: it fails where there is none.
	if slices.Contains(os.Args[2:], "box") {
		box, err := files.DMIClass()
		if err != nil {
			log.Fatal(err)
		}
		found["product"] = box.ProductName
	}
	if slices.Contains(os.Args[2:], "cards") {
		cards, err := files.DRMCardClass()
		if err != nil {
			log.Fatal(err)
		}
		found["cards"] = cards
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}
