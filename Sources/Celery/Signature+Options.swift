extension Signature {
    /// An option; `nil` when it is absent or null.
    public func option(_ name: String) -> CeleryValue? {
        guard let value = self.options[name], !value.isNull else { return nil }
        return value
    }

    /// The id that the task will have; `nil` until it is fixed.
    public var taskID: String? { self.option("task_id")?.asString }

    /// Signatures to send with the result, on success.
    public var links: [Signature] { self.signatures("link") }

    /// Signatures to send on failure.
    public var errorLinks: [Signature] { self.signatures("link_error") }

    /// The remaining steps of the chain behind this task, last step first.
    public var chain: [Signature] { self.signatures("chain") }

    /// The body of the chord that the task will be a part of.
    public var chord: Signature? { self.option("chord").flatMap { Signature($0) } }

    /// The tasks of a chain or group; `nil` for other kinds.
    public var tasks: [Signature]? {
        guard self.kind == .chain || self.kind == .group else { return nil }
        return self.kwargs["tasks"]?.asArray?.compactMap { Signature($0) }
    }

    /// An option that is one signature or a list of them.
    private func signatures(_ name: String) -> [Signature] {
        guard let value = self.option(name) else { return [] }
        return value.asArray?.compactMap { Signature($0) } ?? Signature(value).map { [$0] } ?? []
    }

    /// The signature with values of the moment at which it is sent.
    ///
    /// Arguments come before those that are stored, keyword arguments and options override those that are stored; an
    /// immutable signature takes no arguments. The group and the stamps stay once they are set.
    public func applying(
        args: [CeleryValue] = [],
        kwargs: CeleryObject = CeleryObject(),
        options: CeleryObject = CeleryObject()
    ) -> Signature {
        var applied = self
        if !self.isImmutable {
            applied.args = args + self.args
            applied.kwargs = self.kwargs.merging(kwargs)
        }
        let stamps = self.option("stamped_headers")?.asArray?.compactMap(\.asString) ?? []
        let lasting = Set(["group_id", "stamped_headers"] + stamps)
        var merged = self.options
        for option in options.members where !lasting.contains(option.key) || merged[option.key] == nil {
            merged[option.key] = option.value
        }
        applied.options = merged
        return applied
    }
}
