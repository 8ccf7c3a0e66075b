/// The version of this program, as events and reports tell it.
let celeriacVersion = "0.1.0"
