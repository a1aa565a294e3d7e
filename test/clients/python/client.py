"""What the official Python client does with its default settings. Ends with 0 when all of it went as it should."""

import time

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream

NAMESPACE = "python"


def eventually(what, condition):
    for _ in range(300):
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit(f"never came true: {what}")


def refused(status, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except ApiException as error:
        assert error.status == status, error
        return error
    raise SystemExit(f"was not refused with {status}")


def main():
    config.load_kube_config()
    core, apps, batch = client.CoreV1Api(), client.AppsV1Api(), client.BatchV1Api()

    core.create_namespace({"metadata": {"name": NAMESPACE}})
    eventually("the service account", lambda: core.list_namespaced_service_account(NAMESPACE).items)

    pod = {
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", "echo up; sleep 3600"]}]},
    }
    core.create_namespaced_pod(NAMESPACE, pod)
    refused(409, core.create_namespaced_pod, NAMESPACE, pod)
    for event in watch.Watch().stream(core.list_namespaced_pod, NAMESPACE, timeout_seconds=60):
        if event["object"].status.phase == "Running":
            break
    else:
        raise SystemExit("the pod never ran")
    # Preloaded, this version of the client gives "b'up\\n'".
    eventually("the log", lambda: core.read_namespaced_pod_log("web", NAMESPACE, _preload_content=False).data == b"up\n")
    said = stream(core.connect_get_namespaced_pod_exec, "web", NAMESPACE, command=["echo", "hello"], stdout=True, stderr=True)
    assert said == "hello\n", said

    core.patch_namespaced_pod("web", NAMESPACE, {"metadata": {"labels": {"patched": "yes"}}})
    assert core.list_namespaced_pod(NAMESPACE, label_selector="patched=yes").items[0].metadata.name == "web"
    refused(422, core.patch_namespaced_pod, "web", NAMESPACE, {"spec": {"containers": [{"name": "main", "image": ""}]}})

    utils.create_from_dict(
        client.ApiClient(),
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "deployed"}},
                "template": {"metadata": {"labels": {"app": "deployed"}}, "spec": {"containers": [{"name": "main", "image": "example.com/web:1"}]}},
            },
        },
        namespace=NAMESPACE,
    )
    eventually("two ready replicas", lambda: apps.read_namespaced_deployment("web", NAMESPACE).status.ready_replicas == 2)

    batch.create_namespaced_job(
        NAMESPACE,
        client.V1Job(
            metadata=client.V1ObjectMeta(name="once"),
            spec=client.V1JobSpec(
                template=client.V1PodTemplateSpec(
                    spec=client.V1PodSpec(restart_policy="Never", containers=[client.V1Container(name="main", image="busybox:1.36", command=["true"])])
                )
            ),
        ),
    )
    eventually("the job to be done", lambda: batch.read_namespaced_job("once", NAMESPACE).status.succeeded == 1)

    for index in range(5):
        core.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": f"page-{index}", "labels": {"paged": "yes"}}})
    names, token = [], None
    while True:
        page = core.list_namespaced_config_map(NAMESPACE, label_selector="paged=yes", limit=2, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert names == [f"page-{index}" for index in range(5)], names

    config_maps = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"key": "value"}}
    config_maps.server_side_apply(body=applied, namespace=NAMESPACE, field_manager="python")
    applied["data"]["key"] = "other"
    refused(409, config_maps.server_side_apply, body=applied, namespace=NAMESPACE, field_manager="somebody-else")

    core.delete_namespace(NAMESPACE)
    eventually("the namespace to be gone", lambda: NAMESPACE not in [item.metadata.name for item in core.list_namespace().items])
    print("python: all went well")


main()
