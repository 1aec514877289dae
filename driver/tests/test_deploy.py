"""The manifests: what the driver is allowed to do, and what it sees of the host."""

import json
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


def fabric(**values: Any) -> dict[tuple[str, str], dict[str, Any]]:
    found = manifests(image="registry.example.com/driver:1", family="fabric", **values)
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


def rights(role: dict[str, Any]) -> set[tuple[str, str]]:
    return {(rule["resources"][0], verb) for rule in role["rules"] for verb in rule["verbs"]}


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = workload["spec"]["template"]["spec"]
    return found


def test_network_attached_devices_have_a_plugin_and_a_controller() -> None:
    assert [*fabric()] == [
        ("Namespace", "drawplate-driver"),
        ("ServiceAccount", "fabric-drawplate-dev"),
        ("ClusterRole", "fabric.drawplate.dev"),
        ("ClusterRoleBinding", "fabric.drawplate.dev"),
        ("ConfigMap", "fabric-drawplate-dev-inventory"),
        ("DeviceClass", "fabric.drawplate.dev"),
        ("DaemonSet", "fabric-drawplate-dev"),
        ("ServiceAccount", "fabric-drawplate-dev-controller"),
        ("ClusterRole", "fabric.drawplate.dev-controller"),
        ("ClusterRoleBinding", "fabric.drawplate.dev-controller"),
        ("ValidatingAdmissionPolicy", "fabric.drawplate.dev-controller"),
        ("ValidatingAdmissionPolicyBinding", "fabric.drawplate.dev-controller"),
        ("Deployment", "fabric-drawplate-dev-controller"),
    ]


def test_the_plugin_has_no_rights_on_slices_and_the_controller_none_on_claims() -> None:
    found = fabric(namespace="here")
    slices = {"get", "list", "watch", "create", "update", "patch", "delete"}
    controller = found["ClusterRole", "fabric.drawplate.dev-controller"]

    assert rights(found["ClusterRole", "fabric.drawplate.dev"]) == {("resourceclaims", "get")}
    assert rights(controller) == {
        ("namespaces", "get"),
        *(("resourceslices", verb) for verb in slices),
    }
    assert controller["rules"][1]["resourceNames"] == ["here"]
    for end in ("", "-controller"):
        binding = found["ClusterRoleBinding", f"fabric.drawplate.dev{end}"]
        account = {"name": f"fabric-drawplate-dev{end}", "namespace": "here"}
        assert binding["subjects"] == [{"kind": "ServiceAccount", **account}]
        assert binding["roleRef"]["name"] == f"fabric.drawplate.dev{end}"


def test_the_controller_may_only_touch_slices_of_its_driver_without_a_node() -> None:
    found = fabric(namespace="here")
    name = "fabric.drawplate.dev-controller"
    policy = found["ValidatingAdmissionPolicy", name]["spec"]

    assert found["ValidatingAdmissionPolicyBinding", name]["spec"]["policyName"] == name
    assert policy["failurePolicy"] == "Fail"
    assert policy["matchConstraints"]["resourceRules"][0]["operations"] == [
        "CREATE",
        "UPDATE",
        "DELETE",
    ]
    user = '"system:serviceaccount:here:fabric-drawplate-dev-controller"'
    assert user in policy["matchConditions"][0]["expression"]
    assert [one["expression"] for one in policy["validations"]] == [
        "variables.sliceNode == ''",
        'variables.slice.spec.driver == "fabric.drawplate.dev"',
    ]


def test_both_roles_understand_their_arguments_and_read_one_inventory() -> None:
    inventory = {"pools": [{"name": "p", "devices": []}]}
    found = fabric(inventory=inventory)
    shown = found["ConfigMap", "fabric-drawplate-dev-inventory"]["data"]
    assert {name: json.loads(text) for name, text in shown.items()} == {"inventory.json": inventory}
    workloads = [one for (kind, _), one in found.items() if kind in {"DaemonSet", "Deployment"}]

    roles = []
    for container in (pod(one)["containers"][0] for one in workloads):
        arguments = container["args"]
        for one in container["env"]:
            arguments = [text.replace(f"$({one['name']})", "value") for text in arguments]
        settings = parse(arguments)
        roles.append((settings.role, settings.node, settings.namespace))
        assert str(settings.roots.inventory) == "/etc/drawplate/inventory.json"
        assert {"name": "inventory", "mountPath": "/etc/drawplate", "readOnly": True} in container[
            "volumeMounts"
        ]
    volume = {"name": "inventory", "configMap": {"name": "fabric-drawplate-dev-inventory"}}
    assert all(volume in pod(one)["volumes"] for one in workloads)
    assert roles == [("node", "value", ""), ("controller", "", "value")]


def test_the_plugin_sees_no_hardware_of_the_host() -> None:
    volumes = pod(fabric()["DaemonSet", "fabric-drawplate-dev"])["volumes"]

    assert [one["name"] for one in volumes] == ["registry", "plugin", "cdi", "state", "inventory"]


def test_the_controller_has_no_privileges_and_touches_no_host() -> None:
    deployment = fabric()["Deployment", "fabric-drawplate-dev-controller"]
    security = pod(deployment)["containers"][0]["securityContext"]

    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert [one["name"] for one in pod(deployment)["volumes"]] == ["inventory"]
    assert not {"tolerations", "hostNetwork", "hostPID", "hostIPC"} & pod(deployment).keys()


def test_no_workload_takes_the_pods_of_the_other() -> None:
    found = fabric()
    workloads = [one for (kind, _), one in found.items() if kind in {"DaemonSet", "Deployment"}]
    selectors = [one["spec"]["selector"]["matchLabels"] for one in workloads]
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in workloads]

    assert [one.items() <= pods.items() for one in selectors for pods in labels] == [
        True,
        False,
        False,
        True,
    ]
