import Configuration
import JSON
import Supervision

@_exported import struct Celery.Signature
@_exported import func Celery.chain
@_exported import func Celery.chord
@_exported import func Celery.group

/// Any JSON, for tasks whose arguments or results have no fixed type.
public typealias JSONValue = JSON.JSONValue
/// A JSON number with its exact text.
public typealias JSONNumber = JSON.JSONNumber
/// Limits and policies of a task, declared in code.
public typealias TaskOptions = Configuration.TaskOptions
/// How an entry of the schedule is sent, declared in code.
public typealias ScheduleOptions = Configuration.ScheduleOptions
/// An amount of memory, output or message data.
public typealias ByteCount = Supervision.ByteCount
