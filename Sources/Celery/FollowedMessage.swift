/// Tells messages after whose tasks nothing happens from all others, without opening their bodies.
public enum FollowedMessage {
    private static let end = Array(#"{"callbacks": null, "errbacks": null, "chain": null, "chord": null}]"#.utf8)
    /// A whole number of groups of four, in which the end above has room.
    private static let lookedAt = 100

    /// Whether the body ends as one that carries nothing. `false` as well for a body that cannot be seen through: in
    /// another serializer, compressed, or written by others than Celery's clients and ours.
    ///
    /// Plain text of that end closes the array of the body, and so is its last element.
    public static func carriesNothing(_ head: MessageHead) -> Bool {
        let text = head.body.bytes.dropFirst().dropLast()
        guard text.count >= self.lookedAt, text.count.isMultiple(of: 4),
            let decoded = Base64.decode(text.suffix(self.lookedAt))
        else { return false }
        return decoded.count >= self.end.count && decoded.suffix(self.end.count).elementsEqual(self.end)
    }
}
