# Types of registration_pb2_grpc.py, made by generate.py. Do not edit.
# ruff: noqa: N802
# fmt: off
import grpc

from drawplate.driver.wire import registration_pb2

class RegistrationStub:
    def __init__(self, channel: grpc.Channel) -> None: ...
    GetInfo: grpc.UnaryUnaryMultiCallable
    NotifyRegistrationStatus: grpc.UnaryUnaryMultiCallable

class RegistrationServicer:
    def GetInfo(
        self, request: registration_pb2.InfoRequest, context: grpc.ServicerContext
    ) -> registration_pb2.PluginInfo: ...
    def NotifyRegistrationStatus(
        self, request: registration_pb2.RegistrationStatus, context: grpc.ServicerContext
    ) -> registration_pb2.RegistrationStatusResponse: ...

def add_RegistrationServicer_to_server(servicer: RegistrationServicer, server: grpc.Server) -> None: ...
