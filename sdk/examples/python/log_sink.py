"""A sink that logs the value of each record. What `put` accepts is committed, because `sink-commit` is not exported."""

import wit_world
from componentize_py_types import Err
from wit_world.exports import plugin
from wit_world.imports import context, data, host

from columns import texts

settings = {}


class Plugin(wit_world.exports.Plugin):
    def describe(self):
        prefix = plugin.ConfigKey(
            name="prefix",
            value_type=plugin.ConfigType.STRING,
            required=False,
            default="value:",
            importance=plugin.Importance.MEDIUM,
            doc="The text before each value.",
            validators=[],
            attributes=[],
        )
        return [plugin.PluginInfo("org.example.python.LogSink", "sink", "1.0.0", [prefix], [])]


class Sink(wit_world.exports.Sink):
    def start(self, class_name, config):
        # Defaults are filled in, so the key is there.
        settings.update((entry.key, entry.value) for entry in config)
        host.log(host.Level.INFO, "log-sink", f"task {context.task_number()} starts")

    def put(self, batch):
        values = texts(batch.records.values, batch.records.count)
        if "retry" in values:
            # The same records are passed again after a second.
            raise Err(data.Fault_Retriable(data.Retriable("a value asks for another try", 1000)))
        failures = []
        for index, text in enumerate(values):
            if text is None:
                failures.append(data.RecordFailure(index, "there is no value"))
            else:
                host.log(host.Level.INFO, "log-sink", f"{settings['prefix']} {text}")
        host.counter_add("logged", len(values) - len(failures))
        return failures

    def stop(self):
        pass
