"""The manifests: what the driver is allowed to do, and what it sees of the host."""

from typing import Any

from drawplate.driver.deploy.manifests import manifests
from drawplate.driver.settings import parse


def objects(**values: Any) -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in manifests(image="registry.example.com/driver:1", **values)}


def test_all_objects_are_there_in_the_order_of_creation() -> None:
    assert [one["kind"] for one in manifests(image="i")] == [
        "Namespace",
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "DeviceClass",
        "DaemonSet",
    ]


def test_the_driver_may_do_no_more_than_it_needs() -> None:
    granted = {
        (rule["resources"][0], verb)
        for rule in objects()["ClusterRole"]["rules"]
        for verb in rule["verbs"]
    }
    slices = {"get", "list", "watch", "create", "update", "patch", "delete"}

    assert granted == {
        ("resourceclaims", "get"),
        ("nodes", "get"),
        *(("resourceslices", verb) for verb in slices),
    }


def test_names_agree_from_object_to_object() -> None:
    found = objects(driver_name="x.example.com", namespace="here")
    pod = found["DaemonSet"]["spec"]["template"]

    account = found["ServiceAccount"]["metadata"]
    assert account == {"name": "x-example-com", "namespace": "here"}
    assert pod["spec"]["serviceAccountName"] == account["name"]
    assert found["ClusterRoleBinding"]["subjects"] == [{"kind": "ServiceAccount", **account}]
    assert (
        found["ClusterRoleBinding"]["roleRef"]["name"] == found["ClusterRole"]["metadata"]["name"]
    )
    assert (
        found["ValidatingAdmissionPolicyBinding"]["spec"]["policyName"]
        == found["ValidatingAdmissionPolicy"]["metadata"]["name"]
    )
    user = found["ValidatingAdmissionPolicy"]["spec"]["matchConditions"][0]["expression"]
    assert '"system:serviceaccount:here:x-example-com"' in user
    assert found["DaemonSet"]["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"]
    selector = found["DeviceClass"]["spec"]["selectors"][0]["cel"]["expression"]
    assert selector == "device.driver == 'x.example.com'"


def test_the_driver_understands_its_own_arguments() -> None:
    container = objects(state_dir="/s", cdi_dir="/c", kubelet_root="/k")["DaemonSet"]["spec"][
        "template"
    ]["spec"]["containers"][0]
    arguments = [
        one.replace("$(NODE_NAME)", "node-a").replace("$(POD_IP)", "10.0.0.9")
        for one in container["args"]
    ]
    settings = parse(arguments)

    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    needed = {settings.registry, settings.service_socket.parent, settings.cdi, settings.state}
    needed |= {settings.roots.driver, settings.roots.sysfs, settings.roots.dev}
    assert mounted == {str(path) for path in needed}
    assert settings.http_port == container["ports"][0]["containerPort"]
    assert {one["name"] for one in container["env"]} == {"NODE_NAME", "POD_IP"}


def test_folders_that_are_written_have_the_same_path_inside_and_outside() -> None:
    pod = objects(driver_root="/run/nvidia/driver")["DaemonSet"]["spec"]["template"]["spec"]
    outside = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"]}
    mounts = pod["containers"][0]["volumeMounts"]
    written = {one["name"]: one["mountPath"] for one in mounts if not one["readOnly"]}

    assert written == {name: outside[name] for name in ("registry", "plugin", "cdi", "state")}
    assert outside["driver-root"] == "/run/nvidia/driver"
    read = {one["name"]: one["mountPath"] for one in mounts if one["readOnly"]}
    assert read == {"driver-root": "/driver-root", "sysfs": "/sys", "dev": "/host-dev"}
    # What is mounted anew on the host, after its own restart, is seen.
    assert {one["mountPropagation"] for one in mounts} == {"HostToContainer"}


def test_a_family_names_its_driver() -> None:
    found = objects(family="gpu")
    assert found["DeviceClass"]["metadata"]["name"] == "gpu.drawplate.dev"
    (container,) = found["DaemonSet"]["spec"]["template"]["spec"]["containers"]
    assert "--family=gpu" in container["args"]


def test_the_container_has_no_privileges() -> None:
    pod = objects()["DaemonSet"]["spec"]["template"]["spec"]
    security = pod["containers"][0]["securityContext"]

    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert "privileged" not in security
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()


def test_hostile_values_stay_values() -> None:
    name = 'x"\n  evil: "yes'
    found = objects(namespace=name)

    assert found["ServiceAccount"]["metadata"]["namespace"] == name
    assert "evil" not in found["ServiceAccount"]["metadata"]
