// Package export_weir_connect_plugin describes the plugins of the component.
package export_weir_connect_plugin

import (
	plugin "example.org/plugins/uppercase/imports/weir_connect_plugin"
	wit "go.bytecodealliance.org/pkg/wit/types"
)

// Describe lists the transform and its configuration.
func Describe() []plugin.PluginInfo {
	field := plugin.ConfigKey{
		Name:       "field",
		ValueType:  plugin.ConfigType_String,
		Required:   true,
		Default:    wit.None[string](),
		Importance: plugin.Importance_High,
		Doc:        "The field to upper-case.",
		Validators: []plugin.Validator{{Kind: "non-empty-string"}},
	}
	return []plugin.PluginInfo{{
		ClassName: "org.example.go.Uppercase",
		Kind:      "transformation",
		Version:   "1.0.0",
		Config:    []plugin.ConfigKey{field},
	}}
}
