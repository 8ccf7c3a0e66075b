// The release build compiles this target as well, links the library statically, and has no Testing then.
#if canImport(Testing)
    import Testing

    /// Every test below starts real programs; one at a time, in whichever target it is, so that times mean something.
    @Suite(.serialized) package struct ProgramTests {}
#endif
