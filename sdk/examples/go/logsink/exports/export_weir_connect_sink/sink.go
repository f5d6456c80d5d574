// Package export_weir_connect_sink logs the value of each record. What Put accepts is committed, because sink-commit is not exported.
package export_weir_connect_sink

import (
	"fmt"
	"slices"

	"example.org/plugins/gc"
	context "example.org/plugins/logsink/imports/weir_connect_context"
	data "example.org/plugins/logsink/imports/weir_connect_data"
	host "example.org/plugins/logsink/imports/weir_connect_host"
	sink "example.org/plugins/logsink/imports/weir_connect_sink"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

var prefix string

// Start reads the configuration. Defaults are filled in, so the key is there.
func Start(className string, config []data.ConfigEntry) wit.Result[wit.Unit, string] {
	for _, entry := range config {
		if entry.Key == "prefix" {
			prefix = entry.Value
		}
	}
	logInfo(fmt.Sprintf("task %d starts", context.TaskNumber().SomeOr(0)))
	return wit.Ok[wit.Unit, string](wit.Unit{})
}

// Put logs the values of a batch.
func Put(batch sink.SinkBatch) wit.Result[[]data.RecordFailure, data.Fault] {
	defer gc.Enable()()
	values := texts(batch.Records)
	if slices.ContainsFunc(values, func(text *string) bool { return text != nil && *text == "retry" }) {
		// The same records are passed again after a second.
		retry := data.Retriable{Message: "a value asks for another try", AfterMs: wit.Some[uint32](1000)}
		return wit.Err[[]data.RecordFailure](data.MakeFaultRetriable(retry))
	}
	var failures []data.RecordFailure
	for index, text := range values {
		if text == nil {
			failures = append(failures, data.RecordFailure{Index: uint32(index), Message: "there is no value"})
			continue
		}
		logInfo(prefix + " " + *text)
	}
	host.CounterAdd("logged", uint64(len(values)-len(failures)))
	return wit.Ok[[]data.RecordFailure, data.Fault](failures)
}

// Stop is the last call.
func Stop() {}

// texts returns the values of a batch, and nil for each null.
func texts(records data.Records) []*string {
	result := make([]*string, records.Count)
	position := 0
	// An empty list means that every value is null.
	for index, length := range records.Values.Lengths {
		if length >= 0 {
			text := string(records.Values.Bytes[position : position+int(length)])
			result[index] = &text
			position += int(length)
		}
	}
	return result
}

func logInfo(message string) {
	host.Log(host.Level_Info, "log-sink", message)
}
