# Types of dra_v1beta1_pb2_grpc.py, made by generate.py. Do not edit.
# ruff: noqa: N802
# fmt: off
import grpc

from drawplate.driver.wire import dra_v1beta1_pb2

class DRAPluginStub:
    def __init__(self, channel: grpc.Channel) -> None: ...
    NodePrepareResources: grpc.UnaryUnaryMultiCallable
    NodeUnprepareResources: grpc.UnaryUnaryMultiCallable

class DRAPluginServicer:
    def NodePrepareResources(
        self, request: dra_v1beta1_pb2.NodePrepareResourcesRequest, context: grpc.ServicerContext
    ) -> dra_v1beta1_pb2.NodePrepareResourcesResponse: ...
    def NodeUnprepareResources(
        self, request: dra_v1beta1_pb2.NodeUnprepareResourcesRequest, context: grpc.ServicerContext
    ) -> dra_v1beta1_pb2.NodeUnprepareResourcesResponse: ...

def add_DRAPluginServicer_to_server(servicer: DRAPluginServicer, server: grpc.Server) -> None: ...
