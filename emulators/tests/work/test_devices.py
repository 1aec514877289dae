"""Programs on a device get what its modes, memory and partitions allow."""

import pytest

from drawplate.emulators.mig.instances import mig_devices
from drawplate.emulators.mig.lifecycle import (
    create_compute_instance,
    create_gpu_instance,
    require_geometry,
    set_mig_mode,
)
from drawplate.emulators.tests.work.bench import Bench
from drawplate.emulators.work.policies import WorkError
from drawplate.emulators.work.showing import forget
from drawplate.emulators.work.tasks import MILLISECOND


def code_of(error: pytest.ExceptionInfo[WorkError]) -> str:
    return error.value.code


def test_a_job_alone_takes_what_it_says(bench: Bench) -> None:
    context = bench.open()
    [task] = bench.submit(context, 50)
    bench.run(200)
    assert bench.over == [task]
    assert task.finished == 50 * MILLISECOND
    assert task.preemptions == 0


def test_two_tenants_take_turns_and_both_are_told(bench: Bench) -> None:
    batch, live = bench.open(pid=1), bench.open(pid=2)
    [long] = bench.submit(batch, 100)
    [short] = bench.submit(live, 10)
    bench.run(500)
    assert short.finished is not None
    assert long.finished is not None
    assert short.finished < 25 * MILLISECOND
    assert long.finished > 110 * MILLISECOND
    assert long.preemptions > 3


def test_a_longer_time_slice_makes_a_live_tenant_wait_longer(bench: Bench) -> None:
    waits = []
    for number in (1, 3):
        with bench.state.change() as change:
            change.set("gpu0", "timeslice", number)
        batch, live = bench.open(pid=1), bench.open(pid=2)
        bench.submit(batch, 400)
        requests = bench.submit(live, 1, every=20, count=10, after=0.5)
        bench.run(1000)
        assert all(one.started is not None for one in requests)
        waits.append(sum((one.started or 0) - one.arrives for one in requests))
        bench.workshop.close(batch)
        bench.workshop.close(live)
    assert waits[0] * 3 < waits[1]


def test_a_second_process_is_refused_on_an_exclusive_device(bench: Bench) -> None:
    with bench.state.change() as change:
        change.set("gpu0", "compute_mode", 3)
    first = bench.open(pid=1)
    with pytest.raises(WorkError) as error:
        bench.open(pid=2)
    assert code_of(error) == "DEVICE_UNAVAILABLE"
    bench.workshop.close(first)
    assert bench.open(pid=2).partition.capacity == 1000


def test_no_process_may_use_a_prohibited_device(bench: Bench) -> None:
    with bench.state.change() as change:
        change.set("gpu0", "compute_mode", 2)
    with pytest.raises(WorkError):
        bench.open()


def test_programs_behind_mps_run_side_by_side_within_their_shares(bench: Bench) -> None:
    with bench.state.change() as change:
        change.set("gpu0", "compute_mode", 3)
    big = bench.open(pid=1, mps=True, share=75)
    small = bench.open(pid=2, mps=True, share=25)
    [one] = bench.submit(big, 75)
    [other] = bench.submit(small, 25)
    bench.run(300)
    assert one.finished == 100 * MILLISECOND
    assert other.finished == 100 * MILLISECOND
    assert one.preemptions == other.preemptions == 0


def test_memory_is_limited_by_the_device_and_by_mps(bench: Bench) -> None:
    total = bench.state.device("gpu0")["memory.total"]
    free, limited = bench.open(pid=1), bench.open(pid=2, mps=True, limit=1000)
    with pytest.raises(WorkError) as error:
        bench.workshop.allocate(limited, 1001)
    assert code_of(error) == "OUT_OF_MEMORY"
    bench.workshop.allocate(limited, 1000)
    with pytest.raises(WorkError):
        bench.workshop.allocate(free, total - 999)
    with pytest.raises(WorkError):
        bench.submit(free, 1, memory=total)
    assert bench.state.device("gpu0")["memory.used"] == 1000


def test_processes_are_listed_with_their_memory_until_they_end(bench: Bench) -> None:
    gpu = bench.state.device("gpu0")
    with bench.state.change() as change:
        change.set(gpu, "processes", [{"pid": 7, "name": "other", "used_mib": 5}])
        change.set(gpu, "memory.used", 5)
    context = bench.open(pid=42)
    bench.workshop.allocate(context, 100)
    assert [one["pid"] for one in gpu["processes"]] == [7, 42]
    assert gpu["memory.used"] == 105
    bench.workshop.close(context)
    assert [one["pid"] for one in gpu["processes"]] == [7]
    assert gpu["memory.used"] == 5


def test_what_a_node_that_was_killed_showed_is_forgotten(bench: Bench) -> None:
    gpu = bench.state.device("gpu0")
    with bench.state.change() as change:
        change.set(gpu, "processes", [{"pid": 7, "name": "other", "used_mib": 5}])
        change.set(gpu, "memory.used", 5)
    bench.workshop.allocate(bench.open(pid=42), 100)
    bench.workshop.allocate(bench.open(pid=43, mps=True), 50)
    again = Bench()
    with again.state.change() as change:
        for key in ("processes", "mps", "memory.used"):
            change.set("gpu0", key, gpu[key])
        forget(change)
    found = again.state.device("gpu0")
    assert [one["pid"] for one in found["processes"]] == [7]
    assert (found["mps"], found["memory.used"]) == ([], 5)


def test_load_shows_in_utilisation_clocks_power_and_temperature(bench: Bench) -> None:
    gpu = bench.state.device("gpu0")
    idle = {key: gpu[key] for key in ("power.usage", "clocks.sm", "temperature.gpu")}
    context = bench.open(pid=42)
    bench.submit(context, 60_000)
    bench.run(30_000, steps=150)
    assert gpu["utilisation.gpu"] == 100
    assert gpu["processes"][0]["sm"] == 100
    assert gpu["clocks.sm"] == gpu["clocks.max.sm"] > idle["clocks.sm"]
    assert gpu["power.usage"] > 0.9 * gpu["power.enforced"]
    assert gpu["temperature.gpu"] > idle["temperature.gpu"] + 20
    bench.workshop.close(context)
    bench.run(120_000, steps=600)
    assert gpu["utilisation.gpu"] == 0
    assert {key: gpu[key] for key in idle} == idle


def test_what_is_set_by_hand_stays_once_the_work_is_over(bench: Bench) -> None:
    context = bench.open()
    bench.submit(context, 100)
    bench.run(500)
    bench.workshop.close(context)
    bench.run(60_000, steps=300)
    with bench.state.change() as change:
        change.update("gpu0", {"utilisation.gpu": 33, "temperature.gpu": 61})
    bench.run(1000, steps=5)
    gpu = bench.state.device("gpu0")
    assert (gpu["utilisation.gpu"], gpu["temperature.gpu"]) == (33, 61)
    bench.submit(bench.open(), 10_000)
    bench.run(1000, steps=5)
    assert gpu["utilisation.gpu"] == 100


def test_half_a_load_is_half_the_utilisation(bench: Bench) -> None:
    context = bench.open()
    bench.submit(context, 10, every=20, count=500)
    bench.run(5000, steps=25)
    assert bench.state.device("gpu0")["utilisation.gpu"] == 50


def test_work_fails_when_the_device_is_lost_and_stays_failed(bench: Bench) -> None:
    context = bench.open()
    [task] = bench.submit(context, 100)
    bench.run(10)
    with bench.state.change() as change:
        change.set("gpu0", "lost", True)  # noqa: FBT003 - a property's value
    assert (task.error, task.ran) == ("DEVICE_LOST", 10 * MILLISECOND)
    with bench.state.change() as change:
        change.set("gpu0", "lost", False)  # noqa: FBT003 - ditto
    with pytest.raises(WorkError):
        bench.submit(context, 1)
    assert bench.submit(bench.open(), 1)


def test_other_devices_go_on_when_one_is_unplugged(bench: Bench) -> None:
    [gone] = bench.submit(bench.open("gpu1"), 100)
    [kept] = bench.submit(bench.open("gpu2"), 100)
    bench.run(50)
    with bench.state.change() as change:
        change.unplug("gpu1")
    bench.run(100)
    assert gone.error == "DEVICE_LOST"
    assert kept.error == ""
    assert kept.finished == 100 * MILLISECOND


def test_the_same_seed_gives_the_same_schedule() -> None:
    def run() -> list[dict[str, object]]:
        bench = Bench()
        for pid in (1, 2):
            bench.submit(bench.open(pid=pid), 3, every=7, count=20, jitter=5)
        bench.run(1000, steps=7)
        return [task.describe() for task in bench.over]

    assert run() == run()


def test_mig_devices_are_isolated_from_each_other(bench: Bench) -> None:
    gpu = bench.state.device("gpu0")
    with bench.state.change() as change:
        set_mig_mode(change, gpu, 1)
        # 3g.40gb and 1g.10gb (nvml.h: profiles 2 and 0).
        geometry = require_geometry(gpu)
        for number in (2, 0):
            profile = geometry.profile(number)
            assert profile is not None
            made = create_gpu_instance(change, gpu, profile.id)
            create_compute_instance(change, gpu, made.gi, profile.compute[-1].profile)
    big, small = mig_devices(gpu)
    if big.profile.memory_mib < small.profile.memory_mib:
        big, small = small, big
    one, other = bench.open(big.compute.uuid, pid=1), bench.open(small.compute.uuid, pid=2)
    assert one.partition.capacity == 1000 * big.compute_profile.slices // 7
    assert other.partition.capacity == 1000 * small.compute_profile.slices // 7
    [long] = bench.submit(one, 30)
    [short] = bench.submit(other, 10)
    bench.run(1000)
    assert long.finished == -(-30 * MILLISECOND * 1000 // one.partition.capacity)
    assert short.finished == -(-10 * MILLISECOND * 1000 // other.partition.capacity)
    assert long.preemptions == short.preemptions == 0
    bench.workshop.allocate(one, big.profile.memory_mib)
    with pytest.raises(WorkError):
        bench.workshop.allocate(other, small.profile.memory_mib + 1)
    assert {(p["gi"], p["ci"]) for p in gpu["processes"]} == {
        (big.instance.gi, big.compute.ci),
        (small.instance.gi, small.compute.ci),
    }


def test_the_whole_of_a_partitioned_gpu_runs_no_work(bench: Bench) -> None:
    gpu = bench.state.device("gpu0")
    with bench.state.change() as change:
        set_mig_mode(change, gpu, 1)
    with pytest.raises(WorkError):
        bench.open("gpu0")


def test_a_tpu_chip_has_one_program_and_shows_its_load() -> None:
    bench = Bench("tpu-v5e-8")
    context = bench.open("tpu3", pid=1)
    with pytest.raises(WorkError):
        bench.open("tpu3", pid=2)
    bench.submit(context, 5000)
    bench.run(2000, steps=10)
    assert bench.state.device("tpu3")["utilisation.duty_cycle"] == 100.0
    assert bench.state.device("tpu3")["processes"][0]["pid"] == 1


def test_gpus_of_other_makers_work_as_well() -> None:
    for machine in ("mi300x", "intel-max"):
        bench = Bench(machine)
        [task] = bench.submit(bench.open("gpu0"), 5)
        bench.run(400)
        assert task.finished == 5 * MILLISECOND
        assert bench.state.device("gpu0")["utilisation.gpu"] > 0


def test_accounts_are_kept_where_the_driver_keeps_them(bench: Bench) -> None:
    with bench.state.change() as change:
        change.set("gpu0", "accounting.mode", 1)
    context = bench.open(pid=77)
    bench.workshop.allocate(context, 300)
    bench.submit(context, 50)
    bench.run(100)
    assert [one["running"] for one in bench.state.device("gpu0")["accounting.records"]] == [True]
    bench.workshop.close(context)
    [record] = bench.state.device("gpu0")["accounting.records"]
    assert (record["pid"], record["most_mib"], record["milliseconds"]) == (77, 300, 100)
    assert record["gpu"] == 50
    assert not record["running"]
