// A sink that logs the value of each record. What `put` accepts is committed, because `sink-commit` is not exported.

#include <stdlib.h>
#include <string.h>

#include "my_sink.h"

typedef my_sink_string_t string;

static string prefix;

// What a function returns is freed after the runtime has read it, so it contains copies.
static string copy(const char *text) {
    string result;
    my_sink_string_dup(&result, text);
    return result;
}

static bool equals(const uint8_t *bytes, size_t length, const char *text) {
    return length == strlen(text) && memcmp(bytes, text, length) == 0;
}

static void log_info(string message) {
    string target;
    my_sink_string_set(&target, "log-sink");
    weir_connect_host_log(WEIR_CONNECT_HOST_LEVEL_INFO, &target, &message);
}

void exports_weir_connect_plugin_describe(exports_weir_connect_plugin_list_plugin_info_t *ret) {
    exports_weir_connect_plugin_config_key_t *key = calloc(1, sizeof *key);
    key->name = copy("prefix");
    key->value_type = EXPORTS_WEIR_CONNECT_PLUGIN_CONFIG_TYPE_STRING;
    key->default_.is_some = true;
    key->default_.val = copy("value:");
    key->importance = EXPORTS_WEIR_CONNECT_PLUGIN_IMPORTANCE_MEDIUM;
    key->doc = copy("The text before each value.");

    exports_weir_connect_plugin_plugin_info_t *plugin = calloc(1, sizeof *plugin);
    plugin->class_name = copy("org.example.c.LogSink");
    plugin->kind = copy("sink");
    plugin->version = copy("1.0.0");
    plugin->config.ptr = key;
    plugin->config.len = 1;

    ret->ptr = plugin;
    ret->len = 1;
}

bool exports_weir_connect_sink_start(string *class_name, exports_weir_connect_sink_list_config_entry_t *config,
                                     string *err) {
    for (size_t i = 0; i < config->len; i++) {
        if (equals(config->ptr[i].key.ptr, config->ptr[i].key.len, "prefix")) {
            // The rest of the argument is freed below.
            prefix = config->ptr[i].value;
            memset(&config->ptr[i].value, 0, sizeof config->ptr[i].value);
        }
    }
    my_sink_string_free(class_name);
    exports_weir_connect_sink_list_config_entry_free(config);

    string message;
    my_sink_string_set(&message, "the task starts");
    log_info(message);
    return true;
}

static bool contains(const weir_connect_data_values_t *values, const char *text) {
    const uint8_t *bytes = values->bytes.ptr;
    for (size_t index = 0; index < values->lengths.len; index++) {
        int32_t length = values->lengths.ptr[index];
        if (length >= 0) {
            if (equals(bytes, length, text)) {
                return true;
            }
            bytes += length;
        }
    }
    return false;
}

static void log_value(const uint8_t *bytes, size_t length) {
    string message = {malloc(prefix.len + 1 + length), prefix.len + 1 + length};
    memcpy(message.ptr, prefix.ptr, prefix.len);
    message.ptr[prefix.len] = ' ';
    memcpy(message.ptr + prefix.len + 1, bytes, length);
    log_info(message);
    my_sink_string_free(&message);
}

static void add_failure(exports_weir_connect_sink_list_record_failure_t *failures, uint32_t index, const char *message) {
    failures->ptr = realloc(failures->ptr, (failures->len + 1) * sizeof *failures->ptr);
    failures->ptr[failures->len].index = index;
    failures->ptr[failures->len].message = copy(message);
    failures->len++;
}

bool exports_weir_connect_sink_put(exports_weir_connect_sink_sink_batch_t *batch,
                                   exports_weir_connect_sink_list_record_failure_t *ret,
                                   exports_weir_connect_sink_fault_t *err) {
    size_t count = batch->records.count;
    const weir_connect_data_values_t *values = &batch->records.values;
    if (contains(values, "retry")) {
        exports_weir_connect_sink_sink_batch_free(batch);
        // The same records are passed again after a second.
        err->tag = WEIR_CONNECT_DATA_FAULT_RETRIABLE;
        err->val.retriable.message = copy("a value asks for another try");
        err->val.retriable.after_ms.is_some = true;
        err->val.retriable.after_ms.val = 1000;
        return false;
    }
    memset(ret, 0, sizeof *ret);
    const uint8_t *bytes = values->bytes.ptr;
    for (size_t index = 0; index < count; index++) {
        // An empty list means that every value is null.
        int32_t length = values->lengths.len > 0 ? values->lengths.ptr[index] : -1;
        if (length < 0) {
            add_failure(ret, index, "there is no value");
        } else {
            log_value(bytes, length);
            bytes += length;
        }
    }
    string logged;
    my_sink_string_set(&logged, "logged");
    weir_connect_host_counter_add(&logged, count - ret->len);
    exports_weir_connect_sink_sink_batch_free(batch);
    return true;
}

void exports_weir_connect_sink_stop(void) {
}
