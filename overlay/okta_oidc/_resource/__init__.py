"""An API's side: introspection answers that are kept, and the guard in front of handlers."""
