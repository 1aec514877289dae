// Prints what readers of sysfs see, as JSON: ghw, nvpci, the node exporter, a plain look at links.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/NVIDIA/go-nvlib/pkg/nvpci"
	"github.com/jaypipes/ghw"
	"github.com/prometheus/procfs/sysfs"
)

type device struct {
	Address string  `json:"address"`
	Vendor  string  `json:"vendor"`
	Product string  `json:"product"`
	Class   string  `json:"class"`
	Driver  string  `json:"driver"`
	Group   string  `json:"group"`
	Node    int     `json:"node"`
	Root    string  `json:"root"`
	Bars    int     `json:"bars"`
	Speed   float64 `json:"speed"`
}

func ghwDevices() ([]device, error) {
	info, err := ghw.PCI(ghw.WithDisableWarnings())
	if err != nil {
		return nil, err
	}
	found := []device{}
	for _, one := range info.Devices {
		node := -1
		if one.Node != nil {
			node = one.Node.ID
		}
		found = append(found, device{
			Address: one.Address, Vendor: one.Vendor.ID, Product: one.Product.ID,
			Class: one.Class.ID + one.Subclass.ID, Driver: one.Driver,
			Group: one.IOMMUGroup, Node: node,
		})
	}
	return found, nil
}

func nvidiaDevices() ([]device, error) {
	all, err := nvpci.New().GetAllDevices()
	if err != nil {
		return nil, err
	}
	found := []device{}
	for _, one := range all {
		found = append(found, device{
			Address: one.Address, Vendor: fmt.Sprintf("%04x", one.Vendor),
			Product: fmt.Sprintf("%04x", one.Device), Class: fmt.Sprintf("%06x", one.Class),
			Driver: one.Driver, Group: fmt.Sprint(one.IommuGroup), Node: one.NumaNode,
			Bars: len(one.Resources),
		})
	}
	return found, nil
}

func exporterDevices() (map[string]device, error) {
	fs, err := sysfs.NewFS("/sys")
	if err != nil {
		return nil, err
	}
	all, err := fs.PciDevices()
	if err != nil {
		return nil, err
	}
	found := map[string]device{}
	for name, one := range all {
		seen := device{
			Address: name, Vendor: fmt.Sprintf("%04x", one.Vendor),
			Product: fmt.Sprintf("%04x", one.Device), Class: fmt.Sprintf("%06x", one.Class),
		}
		if one.NumaNode != nil {
			seen.Node = int(*one.NumaNode)
		}
		if one.MaxLinkSpeed != nil {
			seen.Speed = *one.MaxLinkSpeed
		}
		// It names functions with a colon in place of the point.
		found[name[:10]+"."+name[11:]] = seen
	}
	return found, nil
}

func links() (map[string]string, error) {
	paths, err := filepath.Glob("/sys/bus/pci/devices/*")
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, path := range paths {
		target, err := os.Readlink(path)
		if err != nil {
			return nil, err
		}
		found[filepath.Base(path)] = target
	}
	return found, nil
}

func main() {
	seen := map[string]any{}
	for name, look := range map[string]func() (any, error){
		"ghw":      func() (any, error) { return ghwDevices() },
		"nvpci":    func() (any, error) { return nvidiaDevices() },
		"exporter": func() (any, error) { return exporterDevices() },
		"links":    func() (any, error) { return links() },
	} {
		what, err := look()
		if err != nil {
			fmt.Fprintln(os.Stderr, name, err)
			os.Exit(1)
		}
		seen[name] = what
	}
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		os.Exit(1)
	}
}
