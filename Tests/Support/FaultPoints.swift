/// Whether the programs under test look for fault points: they are built as the tests are.
package let faultPointsExist: Bool = {
    #if DEBUG
        true
    #else
        false
    #endif
}()
