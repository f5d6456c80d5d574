// Package export_weir_connect_transform upper-cases one field of JSON values. A value without the field stays as it is.
package export_weir_connect_transform

import (
	"bytes"
	"encoding/json"
	"strings"

	"example.org/plugins/gc"
	data "example.org/plugins/uppercase/imports/weir_connect_data"
	transform "example.org/plugins/uppercase/imports/weir_connect_transform"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

// The field of each step: a chain can contain this transform more than once.
var fields []string

// Configure remembers the fields, and asks for the values of records.
func Configure(steps []transform.Step) wit.Result[data.Columns, string] {
	fields = nil
	for _, step := range steps {
		for _, entry := range step.Config {
			if entry.Key == "field" {
				fields = append(fields, entry.Value)
			}
		}
	}
	return wit.Ok[data.Columns, string](data.Columns_Values)
}

// Apply runs the chain on a batch. Columns that are not in the result stay as they are.
func Apply(batch data.TransformBatch) wit.Result[transform.Transformed, string] {
	defer gc.Enable()()
	records := batch.Records
	values := data.Values{Lengths: []int32{}, Bytes: []uint8{}, FormatIndex: []uint32{}}
	result := transform.Transformed{}
	position := 0
	for index := range records.Count {
		// An empty list of lengths means that every value is null, and -1 that this one is.
		length := -1
		if len(records.Values.Lengths) > 0 {
			length = int(records.Values.Lengths[index])
		}
		format := formatIndex(records.Values, index)
		if length >= 0 {
			text := records.Values.Bytes[position : position+length]
			position += length
			if isJson(records, format) {
				changed, err := upperCase(text)
				if err != nil {
					failure := transform.StepFailure{Index: index, Message: err.Error()}
					result.Failures = append(result.Failures, failure)
					continue
				}
				text = changed
			}
			values.Bytes = append(values.Bytes, text...)
			length = len(text)
		}
		values.Lengths = append(values.Lengths, int32(length))
		values.FormatIndex = append(values.FormatIndex, format)
		result.Origins = append(result.Origins, index)
	}
	result.Values = wit.Some(values)
	return wit.Ok[transform.Transformed, string](result)
}

// formatIndex returns the index of the format of a value. An empty list means the first format for every value.
func formatIndex(values data.Values, index uint32) uint32 {
	if len(values.FormatIndex) == 0 {
		return 0
	}
	return values.FormatIndex[index]
}

func isJson(records data.Records, format uint32) bool {
	return int(format) < len(records.Formats) && records.Formats[format].Encoding == data.Encoding_Json
}

func upperCase(text []byte) ([]byte, error) {
	if !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) {
		return text, nil
	}
	// The other values stay as they are written: a float64 would round large numbers.
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	for _, field := range fields {
		var value string
		if raw, ok := object[field]; !ok || raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
			continue
		}
		changed, err := marshal(strings.ToUpper(value))
		if err != nil {
			return nil, err
		}
		object[field] = changed
	}
	return marshal(object)
}

// marshal writes JSON as json.Marshal does, but with <, > and & as they are.
func marshal(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}
