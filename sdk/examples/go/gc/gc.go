// Package gc lets the garbage collector run only during calls.
//
// Before a call, the runtime allocates memory for the arguments, and a component must not call its imports meanwhile. But the garbage collector
// reads the clock, so a collection that such an allocation starts ends the instance: "cannot leave component instance".
package gc

import "runtime/debug"

func init() {
	debug.SetGCPercent(-1)
}

// Enable enables the garbage collector until the returned function is called, which waits for a collection that runs. Use it as
//
//	defer gc.Enable()()
//
// in each function that may allocate much.
func Enable() func() {
	debug.SetGCPercent(100)
	return func() { debug.SetGCPercent(-1) }
}
