// A transform that upper-cases one field of JSON values.
//
// The generated bindings are in the packages below imports, and in exports/wit_exports. They call the functions that the packages
// exports/export_* implement.
package main

import _ "example.org/plugins/uppercase/exports/wit_exports"

// A component has no main program, but the compiler requires the function.
func main() {}
