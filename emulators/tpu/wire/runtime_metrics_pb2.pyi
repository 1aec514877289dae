from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CoreType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TPU_CORE_TYPE_INVALID: _ClassVar[CoreType]
    TPU_CORE_TYPE_TENSOR_CORE: _ClassVar[CoreType]
TPU_CORE_TYPE_INVALID: CoreType
TPU_CORE_TYPE_TENSOR_CORE: CoreType

class AttributeValue(_message.Message):
    __slots__ = ("string_attr", "bool_attr", "int_attr", "double_attr", "kvlist_attr")
    STRING_ATTR_FIELD_NUMBER: _ClassVar[int]
    BOOL_ATTR_FIELD_NUMBER: _ClassVar[int]
    INT_ATTR_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_ATTR_FIELD_NUMBER: _ClassVar[int]
    KVLIST_ATTR_FIELD_NUMBER: _ClassVar[int]
    string_attr: str
    bool_attr: bool
    int_attr: int
    double_attr: float
    kvlist_attr: AttributeList
    def __init__(self, string_attr: _Optional[str] = ..., bool_attr: _Optional[bool] = ..., int_attr: _Optional[int] = ..., double_attr: _Optional[float] = ..., kvlist_attr: _Optional[_Union[AttributeList, _Mapping]] = ...) -> None: ...

class AttributeList(_message.Message):
    __slots__ = ("attributes",)
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    attributes: _containers.RepeatedCompositeFieldContainer[Attribute]
    def __init__(self, attributes: _Optional[_Iterable[_Union[Attribute, _Mapping]]] = ...) -> None: ...

class Attribute(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: AttributeValue
    def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[AttributeValue, _Mapping]] = ...) -> None: ...

class Gauge(_message.Message):
    __slots__ = ("as_double", "as_int", "as_string", "as_bool")
    AS_DOUBLE_FIELD_NUMBER: _ClassVar[int]
    AS_INT_FIELD_NUMBER: _ClassVar[int]
    AS_STRING_FIELD_NUMBER: _ClassVar[int]
    AS_BOOL_FIELD_NUMBER: _ClassVar[int]
    as_double: float
    as_int: int
    as_string: str
    as_bool: bool
    def __init__(self, as_double: _Optional[float] = ..., as_int: _Optional[int] = ..., as_string: _Optional[str] = ..., as_bool: _Optional[bool] = ...) -> None: ...

class ExponentialBuckets(_message.Message):
    __slots__ = ("num_finite_buckets", "growth_factor", "scale")
    NUM_FINITE_BUCKETS_FIELD_NUMBER: _ClassVar[int]
    GROWTH_FACTOR_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    num_finite_buckets: int
    growth_factor: float
    scale: float
    def __init__(self, num_finite_buckets: _Optional[int] = ..., growth_factor: _Optional[float] = ..., scale: _Optional[float] = ...) -> None: ...

class BucketOptions(_message.Message):
    __slots__ = ("exponential_buckets",)
    EXPONENTIAL_BUCKETS_FIELD_NUMBER: _ClassVar[int]
    exponential_buckets: ExponentialBuckets
    def __init__(self, exponential_buckets: _Optional[_Union[ExponentialBuckets, _Mapping]] = ...) -> None: ...

class Distribution(_message.Message):
    __slots__ = ("count", "mean", "min", "max", "sum_of_squared_deviation", "bucket_options", "bucket_counts")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    SUM_OF_SQUARED_DEVIATION_FIELD_NUMBER: _ClassVar[int]
    BUCKET_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    BUCKET_COUNTS_FIELD_NUMBER: _ClassVar[int]
    count: int
    mean: float
    min: float
    max: float
    sum_of_squared_deviation: float
    bucket_options: BucketOptions
    bucket_counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, count: _Optional[int] = ..., mean: _Optional[float] = ..., min: _Optional[float] = ..., max: _Optional[float] = ..., sum_of_squared_deviation: _Optional[float] = ..., bucket_options: _Optional[_Union[BucketOptions, _Mapping]] = ..., bucket_counts: _Optional[_Iterable[int]] = ...) -> None: ...

class Time(_message.Message):
    __slots__ = ("seconds", "nanos")
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    NANOS_FIELD_NUMBER: _ClassVar[int]
    seconds: int
    nanos: int
    def __init__(self, seconds: _Optional[int] = ..., nanos: _Optional[int] = ...) -> None: ...

class Metric(_message.Message):
    __slots__ = ("attribute", "timestamp", "gauge", "distribution", "start_timestamp")
    ATTRIBUTE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    GAUGE_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    START_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    attribute: Attribute
    timestamp: Time
    gauge: Gauge
    distribution: Distribution
    start_timestamp: Time
    def __init__(self, attribute: _Optional[_Union[Attribute, _Mapping]] = ..., timestamp: _Optional[_Union[Time, _Mapping]] = ..., gauge: _Optional[_Union[Gauge, _Mapping]] = ..., distribution: _Optional[_Union[Distribution, _Mapping]] = ..., start_timestamp: _Optional[_Union[Time, _Mapping]] = ...) -> None: ...

class TpuMetric(_message.Message):
    __slots__ = ("name", "description", "metrics")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    metrics: _containers.RepeatedCompositeFieldContainer[Metric]
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., metrics: _Optional[_Iterable[_Union[Metric, _Mapping]]] = ...) -> None: ...

class MetricRequest(_message.Message):
    __slots__ = ("metric_name", "skip_node_aggregation")
    METRIC_NAME_FIELD_NUMBER: _ClassVar[int]
    SKIP_NODE_AGGREGATION_FIELD_NUMBER: _ClassVar[int]
    metric_name: str
    skip_node_aggregation: bool
    def __init__(self, metric_name: _Optional[str] = ..., skip_node_aggregation: _Optional[bool] = ...) -> None: ...

class MetricResponse(_message.Message):
    __slots__ = ("metric",)
    METRIC_FIELD_NUMBER: _ClassVar[int]
    metric: TpuMetric
    def __init__(self, metric: _Optional[_Union[TpuMetric, _Mapping]] = ...) -> None: ...

class ListSupportedMetricsRequest(_message.Message):
    __slots__ = ("filter",)
    FILTER_FIELD_NUMBER: _ClassVar[int]
    filter: str
    def __init__(self, filter: _Optional[str] = ...) -> None: ...

class SupportedMetric(_message.Message):
    __slots__ = ("metric_name",)
    METRIC_NAME_FIELD_NUMBER: _ClassVar[int]
    metric_name: str
    def __init__(self, metric_name: _Optional[str] = ...) -> None: ...

class ListSupportedMetricsResponse(_message.Message):
    __slots__ = ("supported_metric",)
    SUPPORTED_METRIC_FIELD_NUMBER: _ClassVar[int]
    supported_metric: _containers.RepeatedCompositeFieldContainer[SupportedMetric]
    def __init__(self, supported_metric: _Optional[_Iterable[_Union[SupportedMetric, _Mapping]]] = ...) -> None: ...

class CoreOnChip(_message.Message):
    __slots__ = ("type", "index")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    type: CoreType
    index: int
    def __init__(self, type: _Optional[_Union[CoreType, str]] = ..., index: _Optional[int] = ...) -> None: ...

class CoreIdentifier(_message.Message):
    __slots__ = ("global_core_id", "chip_id", "core_on_chip")
    GLOBAL_CORE_ID_FIELD_NUMBER: _ClassVar[int]
    CHIP_ID_FIELD_NUMBER: _ClassVar[int]
    CORE_ON_CHIP_FIELD_NUMBER: _ClassVar[int]
    global_core_id: int
    chip_id: int
    core_on_chip: CoreOnChip
    def __init__(self, global_core_id: _Optional[int] = ..., chip_id: _Optional[int] = ..., core_on_chip: _Optional[_Union[CoreOnChip, _Mapping]] = ...) -> None: ...

class QueuedProgram(_message.Message):
    __slots__ = ("run_id", "launch_id", "program_fingerprint")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    run_id: int
    launch_id: int
    program_fingerprint: bytes
    def __init__(self, run_id: _Optional[int] = ..., launch_id: _Optional[int] = ..., program_fingerprint: _Optional[bytes] = ...) -> None: ...

class CoreState(_message.Message):
    __slots__ = ("core_id", "xdb_server_running", "program_fingerprint", "launch_id", "queued_program_info", "error_message")
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    XDB_SERVER_RUNNING_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    LAUNCH_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUED_PROGRAM_INFO_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    core_id: CoreIdentifier
    xdb_server_running: bool
    program_fingerprint: bytes
    launch_id: int
    queued_program_info: _containers.RepeatedCompositeFieldContainer[QueuedProgram]
    error_message: str
    def __init__(self, core_id: _Optional[_Union[CoreIdentifier, _Mapping]] = ..., xdb_server_running: _Optional[bool] = ..., program_fingerprint: _Optional[bytes] = ..., launch_id: _Optional[int] = ..., queued_program_info: _Optional[_Iterable[_Union[QueuedProgram, _Mapping]]] = ..., error_message: _Optional[str] = ...) -> None: ...

class RuntimeStatusRequest(_message.Message):
    __slots__ = ("include_hlo_info",)
    INCLUDE_HLO_INFO_FIELD_NUMBER: _ClassVar[int]
    include_hlo_info: bool
    def __init__(self, include_hlo_info: _Optional[bool] = ...) -> None: ...

class RuntimeStatusResponse(_message.Message):
    __slots__ = ("host_name", "core_states")
    class CoreStatesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: CoreState
        def __init__(self, key: _Optional[int] = ..., value: _Optional[_Union[CoreState, _Mapping]] = ...) -> None: ...
    HOST_NAME_FIELD_NUMBER: _ClassVar[int]
    CORE_STATES_FIELD_NUMBER: _ClassVar[int]
    host_name: str
    core_states: _containers.MessageMap[int, CoreState]
    def __init__(self, host_name: _Optional[str] = ..., core_states: _Optional[_Mapping[int, CoreState]] = ...) -> None: ...
