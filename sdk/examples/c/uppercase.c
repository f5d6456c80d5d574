// A transform that upper-cases one field of JSON values: its ASCII letters. A value without the field stays as it is.

#include <stdlib.h>
#include <string.h>

#include "my_transform.h"

typedef my_transform_string_t string;
typedef weir_connect_data_records_t records;

// The field of each step: a chain can contain this transform more than once.
static string *fields;
static size_t field_count;

// What a function returns is freed after the runtime has read it, so it contains copies.
static string copy(const char *text) {
    string result;
    my_transform_string_dup(&result, text);
    return result;
}

static bool equals(string a, const uint8_t *bytes, size_t length) {
    return a.len == length && memcmp(a.ptr, bytes, length) == 0;
}

void exports_weir_connect_plugin_describe(exports_weir_connect_plugin_list_plugin_info_t *ret) {
    exports_weir_connect_plugin_validator_t *not_empty = calloc(1, sizeof *not_empty);
    not_empty->kind = copy("non-empty-string");

    exports_weir_connect_plugin_config_key_t *field = calloc(1, sizeof *field);
    field->name = copy("field");
    field->value_type = EXPORTS_WEIR_CONNECT_PLUGIN_CONFIG_TYPE_STRING;
    field->required = true;
    field->importance = EXPORTS_WEIR_CONNECT_PLUGIN_IMPORTANCE_HIGH;
    field->doc = copy("The field to upper-case.");
    field->validators.ptr = not_empty;
    field->validators.len = 1;

    exports_weir_connect_plugin_plugin_info_t *plugin = calloc(1, sizeof *plugin);
    plugin->class_name = copy("org.example.c.Uppercase");
    plugin->kind = copy("transformation");
    plugin->version = copy("1.0.0");
    plugin->config.ptr = field;
    plugin->config.len = 1;

    ret->ptr = plugin;
    ret->len = 1;
}

bool exports_weir_connect_transform_configure(exports_weir_connect_transform_list_step_t *steps,
                                              exports_weir_connect_transform_columns_t *ret, string *err) {
    fields = calloc(steps->len, sizeof *fields);
    field_count = steps->len;
    for (size_t step = 0; step < steps->len; step++) {
        exports_weir_connect_transform_list_config_entry_t *config = &steps->ptr[step].config;
        for (size_t i = 0; i < config->len; i++) {
            if (equals(config->ptr[i].key, (const uint8_t *)"field", 5)) {
                // The rest of the argument is freed below.
                fields[step] = config->ptr[i].value;
                memset(&config->ptr[i].value, 0, sizeof config->ptr[i].value);
            }
        }
    }
    exports_weir_connect_transform_list_step_free(steps);
    *ret = WEIR_CONNECT_DATA_COLUMNS_VALUES;
    return true;
}

static bool is_json(const records *records, size_t index) {
    // An empty list means the first format for every value.
    size_t format = records->values.format_index.len > 0 ? records->values.format_index.ptr[index] : 0;
    return format < records->formats.len && records->formats.ptr[format].encoding == WEIR_CONNECT_DATA_ENCODING_JSON;
}

// Returns the position after the string whose quotation mark is at this position.
static size_t string_end(const uint8_t *text, size_t length, size_t at) {
    for (at++; at < length && text[at] != '"'; at++) {
        if (text[at] == '\\') {
            at++;
        }
    }
    return at < length ? at + 1 : length;
}

static bool is_key(const uint8_t *text, size_t length, size_t end) {
    while (end < length && (text[end] == ' ' || text[end] == '\t' || text[end] == '\n' || text[end] == '\r')) {
        end++;
    }
    return end < length && text[end] == ':';
}

static void upper_case_string(uint8_t *text, size_t end) {
    for (size_t at = 0; at < end; at++) {
        if (text[at] == '\\') {
            at++;
        } else if (text[at] >= 'a' && text[at] <= 'z') {
            text[at] -= 'a' - 'A';
        }
    }
}

// Changes the text in place, because its length stays the same.
static void upper_case(uint8_t *text, size_t length, string field) {
    size_t depth = 0;
    bool is_field = false;
    for (size_t at = 0; at < length;) {
        if (text[at] != '"') {
            depth += text[at] == '{' || text[at] == '[';
            depth -= text[at] == '}' || text[at] == ']';
            is_field = is_field && text[at] != '{' && text[at] != '[' && text[at] != ',';
            at++;
            continue;
        }
        size_t end = string_end(text, length, at);
        if (depth == 1 && is_key(text, length, end)) {
            is_field = equals(field, text + at + 1, end - at - 2);
        } else if (depth == 1 && is_field) {
            upper_case_string(text + at + 1, end - at - 1);
        }
        at = end;
    }
}

bool exports_weir_connect_transform_apply(exports_weir_connect_transform_transform_batch_t *batch,
                                          exports_weir_connect_transform_transformed_t *ret, string *err) {
    records *records = &batch->records;
    uint8_t *text = records->values.bytes.ptr;
    for (size_t index = 0; index < records->values.lengths.len; index++) {
        int32_t length = records->values.lengths.ptr[index];
        // -1 stands for null.
        if (length >= 0) {
            for (size_t step = 0; step < field_count && is_json(records, index); step++) {
                upper_case(text, length, fields[step]);
            }
            text += length;
        }
    }
    // What is not set is none, a column that is unchanged, or an empty list.
    memset(ret, 0, sizeof *ret);
    ret->origins.ptr = calloc(records->count, sizeof *ret->origins.ptr);
    ret->origins.len = records->count;
    for (size_t index = 0; index < records->count; index++) {
        ret->origins.ptr[index] = index;
    }
    ret->values.is_some = true;
    ret->values.val = records->values;
    memset(&records->values, 0, sizeof records->values);
    exports_weir_connect_transform_transform_batch_free(batch);
    return true;
}
