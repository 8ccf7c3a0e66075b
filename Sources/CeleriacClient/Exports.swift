import Celery
import Compression
import JSON
import Signing

@_exported import struct Celery.Signature
@_exported import func Celery.chain
@_exported import func Celery.chord
@_exported import func Celery.group

/// Any JSON, for arguments and results of no fixed type.
public typealias JSONValue = JSON.JSONValue
/// A JSON number with its exact text.
public typealias JSONNumber = JSON.JSONNumber
/// What Celery's messages can hold: JSON, and the Python types that kombu adds.
public typealias CeleryValue = Celery.CeleryValue
/// The members of an object among ``CeleryValue``.
public typealias CeleryObject = Celery.CeleryObject
/// A key that signs messages, for ``ClientOptions/signingKey``.
public typealias SigningKey = Signing.SigningKey
/// Why a key cannot be used.
public typealias KeyError = Signing.KeyError
/// The state of a task.
public typealias ResultState = Celery.ResultState
/// How the body of a message is written.
public typealias Serializer = Celery.Serializer
/// How the body of a message is compressed.
public typealias CompressionFormat = Compression.CompressionFormat
