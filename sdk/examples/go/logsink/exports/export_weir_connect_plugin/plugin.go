// Package export_weir_connect_plugin describes the plugins of the component.
package export_weir_connect_plugin

import (
	plugin "example.org/plugins/logsink/imports/weir_connect_plugin"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

// Describe lists the sink and its configuration.
func Describe() []plugin.PluginInfo {
	prefix := plugin.ConfigKey{
		Name:       "prefix",
		ValueType:  plugin.ConfigType_String,
		Default:    wit.Some("value:"),
		Importance: plugin.Importance_Medium,
		Doc:        "The text before each value.",
	}
	return []plugin.PluginInfo{{
		ClassName: "org.example.go.LogSink",
		Kind:      "sink",
		Version:   "1.0.0",
		Config:    []plugin.ConfigKey{prefix},
	}}
}
