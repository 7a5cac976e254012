"""What a client written in Python does with an API server: argv[1] is a kubeconfig. Prints one JSON object."""

import json
import sys

from kubernetes import client, config, watch

config.load_kube_config(sys.argv[1])
core = client.CoreV1Api()
seen = {}

ports = [client.V1ServicePort(name="pg", port=5432, target_port=6432)]
service = client.V1Service(metadata=client.V1ObjectMeta(name="python"), spec=client.V1ServiceSpec(ports=ports))
created = core.create_namespaced_service("default", service)
seen["clusterIP"] = created.spec.cluster_ip

patched = core.patch_namespaced_service("python", "default", {"metadata": {"labels": {"by": "python"}}})
seen["labels"] = patched.metadata.labels

listed = core.list_namespaced_service("default", label_selector="by=python")
seen["listed"] = [item.metadata.name for item in listed.items]

events = []
stream = watch.Watch().stream(
    core.list_namespaced_service,
    "default",
    resource_version=created.metadata.resource_version,
    timeout_seconds=10,
)
for event in stream:
    events.append(event["type"])
    if event["type"] == "MODIFIED":
        core.delete_namespaced_service("python", "default")
    if event["type"] == "DELETED":
        break
seen["events"] = events

try:
    core.read_namespaced_service("python", "default")
except client.exceptions.ApiException as error:
    seen["afterwards"] = json.loads(error.body)["reason"]

print(json.dumps(seen))
