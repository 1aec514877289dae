// A client of go-nvml, unmodified: prints what it sees of the node as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

type device struct {
	Name      string   `json:"name"`
	UUID      string   `json:"uuid"`
	Bus       string   `json:"bus"`
	Total     uint64   `json:"total"`
	Processes []uint32 `json:"processes"`
}

type partition struct {
	UUID    string `json:"uuid"`
	Profile uint32 `json:"profile"`
}

func must(what string, ret nvml.Return) {
	if ret != nvml.SUCCESS {
		fmt.Fprintln(os.Stderr, what, nvml.ErrorString(ret))
		os.Exit(1)
	}
}

// partitionOf makes a MIG device of three slices on a GPU, as a driver does, and takes it away.
func partitionOf(gpu nvml.Device) partition {
	_, ret := gpu.SetMigMode(nvml.DEVICE_MIG_ENABLE)
	must("SetMigMode", ret)
	profile, ret := gpu.GetGpuInstanceProfileInfo(nvml.GPU_INSTANCE_PROFILE_3_SLICE)
	must("GetGpuInstanceProfileInfo", ret)
	places, ret := gpu.GetGpuInstancePossiblePlacements(&profile)
	must("GetGpuInstancePossiblePlacements", ret)
	instance, ret := gpu.CreateGpuInstanceWithPlacement(&profile, &places[len(places)-1])
	must("CreateGpuInstanceWithPlacement", ret)
	whole, ret := instance.GetComputeInstanceProfileInfo(nvml.COMPUTE_INSTANCE_PROFILE_3_SLICE, nvml.COMPUTE_INSTANCE_ENGINE_PROFILE_SHARED)
	must("GetComputeInstanceProfileInfo", ret)
	compute, ret := instance.CreateComputeInstance(&whole)
	must("CreateComputeInstance", ret)
	info, ret := compute.GetInfo()
	must("ComputeInstance.GetInfo", ret)
	uuid, ret := info.Device.GetUUID()
	must("GetUUID of the MIG device", ret)
	must("ComputeInstance.Destroy", compute.Destroy())
	must("GpuInstance.Destroy", instance.Destroy())
	_, ret = gpu.SetMigMode(nvml.DEVICE_MIG_DISABLE)
	must("SetMigMode", ret)
	return partition{uuid, profile.Id}
}

func main() {
	must("Init", nvml.Init())
	defer nvml.Shutdown()
	driver, ret := nvml.SystemGetDriverVersion()
	must("SystemGetDriverVersion", ret)
	count, ret := nvml.DeviceGetCount()
	must("DeviceGetCount", ret)
	devices := []device{}
	events, ret := nvml.EventSetCreate()
	must("EventSetCreate", ret)
	for i := 0; i < count; i++ {
		gpu, ret := nvml.DeviceGetHandleByIndex(i)
		must("DeviceGetHandleByIndex", ret)
		name, _ := gpu.GetName()
		uuid, _ := gpu.GetUUID()
		memory, ret := gpu.GetMemoryInfo()
		must("GetMemoryInfo", ret)
		processes, ret := gpu.GetComputeRunningProcesses()
		must("GetComputeRunningProcesses", ret)
		pids := []uint32{}
		for _, one := range processes {
			pids = append(pids, one.Pid)
		}
		supported, ret := gpu.GetSupportedEventTypes()
		must("GetSupportedEventTypes", ret)
		must("RegisterEvents", gpu.RegisterEvents(nvml.EventTypeXidCriticalError&supported, events))
		devices = append(devices, device{name, uuid, "", memory.Total, pids})
	}
	_, waited := events.Wait(0)
	first, _ := nvml.DeviceGetHandleByIndex(0)
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"driver":  driver,
		"devices": devices,
		"mig":     partitionOf(first),
		"event":   map[nvml.Return]string{nvml.ERROR_TIMEOUT: "ERROR_TIMEOUT"}[waited],
	})
}
