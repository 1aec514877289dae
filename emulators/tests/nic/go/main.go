// Prints what three libraries that network drivers use see on this node, as JSON: ghw (PCI),
// netlink (links) and rdmamap (RDMA devices and their device nodes).
package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/Mellanox/rdmamap"
	"github.com/jaypipes/ghw"
	"github.com/vishvananda/netlink"
)

type card struct {
	Address   string `json:"address"`
	Vendor    string `json:"vendor"`
	Product   string `json:"product"`
	Subsystem string `json:"subsystem"`
	Driver    string `json:"driver"`
	Node      int    `json:"node"`
}

type link struct {
	Name  string   `json:"name"`
	Mac   string   `json:"mac"`
	Mtu   int      `json:"mtu"`
	State string   `json:"state"`
	Path  string   `json:"path"`
	Total string   `json:"total"`
	Num   string   `json:"num"`
	IsVf  bool     `json:"is_vf"`
	Pf    []string `json:"pf"`
	Rdma  string   `json:"rdma"`
	Chars []string `json:"chars"`
}

func main() {
	seen := map[string]any{"cards": cards(), "links": links()}
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		panic(err)
	}
}

func cards() []card {
	found := []card{}
	pci, err := ghw.PCI(ghw.WithDisableTools())
	if err != nil {
		panic(err)
	}
	for _, device := range pci.Devices {
		if device.Class == nil || device.Class.ID != "02" {
			continue
		}
		one := card{Address: device.Address, Driver: device.Driver, Node: -1}
		one.Vendor, one.Product = device.Vendor.Name, device.Product.Name
		one.Subsystem = device.Subsystem.ID
		if device.Node != nil {
			one.Node = device.Node.ID
		}
		found = append(found, one)
	}
	return found
}

func links() []link {
	found := []link{}
	all, err := netlink.LinkList()
	if err != nil {
		panic(err)
	}
	for _, one := range all {
		attributes := one.Attrs()
		if attributes.Name == "lo" {
			continue
		}
		folder := filepath.Join("/sys/class/net", attributes.Name)
		path, _ := os.Readlink(folder)
		vf, _ := os.Lstat(filepath.Join(folder, "device/physfn"))
		seen := link{
			Name:  attributes.Name,
			Mac:   attributes.HardwareAddr.String(),
			Mtu:   attributes.MTU,
			State: attributes.OperState.String(),
			Path:  path,
			Total: read(filepath.Join(folder, "device/sriov_totalvfs")),
			Num:   read(filepath.Join(folder, "device/sriov_numvfs")),
			IsVf:  vf != nil && vf.Mode()&os.ModeSymlink != 0,
			Pf:    names(filepath.Join(folder, "device/physfn/net")),
		}
		seen.Rdma, _ = rdmamap.GetRdmaDeviceForNetdevice(attributes.Name)
		seen.Chars = rdmamap.GetRdmaCharDevices(seen.Rdma)
		found = append(found, seen)
	}
	return found
}

func read(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

func names(folder string) []string {
	found := []string{}
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}
