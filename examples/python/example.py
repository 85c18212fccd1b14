"""Writes, reads, makes a conflict and resolves it, and asks why a request was refused. ./run.sh HOST:PORT runs it."""

import sys

import grpc
from google.rpc import error_details_pb2, status_pb2
from quorate.kv.v1 import kv_service_pb2 as kv
from quorate.kv.v1 import kv_service_pb2_grpc

TIMEOUT = 5  # seconds; without one, the node would apply its own


def reason(error):
    """Programs read the reason and its details; the status code alone is too coarse, and the message is for people."""
    for name, value in error.trailing_metadata():
        if name == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    return f"{info.reason} {dict(sorted(info.metadata.items()))}"
    return "none given"


def values(answer):
    return sorted(sibling.value.decode() for sibling in answer.siblings)


with grpc.insecure_channel(sys.argv[1]) as channel:
    store = kv_service_pb2_grpc.KvServiceStub(channel)
    key = b"example/python"

    first = store.Put(kv.PutRequest(key=key, value=b"milk"), timeout=TIMEOUT)
    print("put milk: replicas asked for", first.report.required)
    print("get:", values(store.Get(kv.GetRequest(key=key), timeout=TIMEOUT)))

    # Two writers who have both seen milk and not each other: neither may win.
    store.Put(kv.PutRequest(key=key, value=b"bread", context=first.context), timeout=TIMEOUT)
    store.Put(kv.PutRequest(key=key, value=b"butter", context=first.context), timeout=TIMEOUT)
    conflict = store.Get(kv.GetRequest(key=key), timeout=TIMEOUT)
    print("siblings:", values(conflict))

    # The context of the read covers both, so this write replaces both.
    merged = "+".join(values(conflict)).encode()
    store.Put(kv.PutRequest(key=key, value=merged, context=conflict.context), timeout=TIMEOUT)
    # Answers come as they are ready, each with its key's position.
    many = store.MultiGet(kv.MultiGetRequest(keys=[key, b"example/absent"]), timeout=TIMEOUT)
    print("multi-get:", dict(sorted((one.index, values(one.response)) for one in many)))

    try:
        store.Get(kv.GetRequest(key=key, bucket="nowhere"), timeout=TIMEOUT)
    except grpc.RpcError as error:
        print("refused:", error.code().name, reason(error))

    latest = store.Get(kv.GetRequest(key=key), timeout=TIMEOUT)
    store.Delete(kv.DeleteRequest(key=key, context=latest.context), timeout=TIMEOUT)
    print("after delete:", values(store.Get(kv.GetRequest(key=key), timeout=TIMEOUT)))
