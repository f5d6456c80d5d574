"""A transform that upper-cases one field of JSON values. A value without the field stays as it is."""

import json

import wit_world
from wit_world.exports import plugin, transform
from wit_world.imports import data

from columns import format_indexes, lengths_and_bytes, texts

# The field of each step: a chain can contain this transform more than once.
fields = []


class Plugin(wit_world.exports.Plugin):
    def describe(self):
        field = plugin.ConfigKey(
            name="field",
            value_type=plugin.ConfigType.STRING,
            required=True,
            default=None,
            importance=plugin.Importance.HIGH,
            doc="The field to upper-case.",
            validators=[plugin.Validator("non-empty-string", [])],
            attributes=[],
        )
        return [plugin.PluginInfo("org.example.python.Uppercase", "transformation", "1.0.0", [field], [])]


class Transform(wit_world.exports.Transform):
    def configure(self, steps):
        fields[:] = [entry.value for step in steps for entry in step.config if entry.key == "field"]
        return data.Columns.VALUES

    def apply(self, batch):
        records = batch.records
        formats = format_indexes(records.values, records.count)
        origins, changed, changed_formats, failures = [], [], [], []
        for index, text in enumerate(texts(records.values, records.count)):
            is_json = records.formats and records.formats[formats[index]].encoding == data.Encoding.JSON
            try:
                changed.append(upper_case(text) if is_json and text is not None else text)
            except ValueError as error:
                failures.append(transform.StepFailure(index, 0, str(error), False))
                continue
            origins.append(index)
            changed_formats.append(formats[index])
        lengths, content = lengths_and_bytes(changed)
        # None stands for a column that is unchanged.
        return transform.Transformed(
            origins=origins,
            topics=None,
            partitions=None,
            timestamps=None,
            added_formats=[],
            keys=None,
            values=data.Values(lengths, content, changed_formats),
            headers=None,
            failures=failures,
        )


def upper_case(text):
    value = json.loads(text)
    if isinstance(value, dict):
        for field in fields:
            if isinstance(value.get(field), str):
                value[field] = value[field].upper()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
