// A transform that upper-cases one field of JSON values. A value without the field stays as it is.

import { column, formatIndexes, texts } from './columns.js';

export const plugin = {
  describe() {
    const field = {
      name: 'field',
      valueType: 'string',
      required: true,
      importance: 'high',
      doc: 'The field to upper-case.',
      validators: [{ kind: 'non-empty-string', args: [] }],
      attributes: [],
    };
    return [
      {
        className: 'org.example.javascript.Uppercase',
        kind: 'transformation',
        version: '1.0.0',
        config: [field],
        attributes: [],
      },
    ];
  },
};

/** The field of each step: a chain can contain this transform more than once. */
let fields = [];

export const transform = {
  configure(steps) {
    fields = steps.map((step) => step.config.find((entry) => entry.key === 'field').value);
    return { values: true };
  },

  apply({ records }) {
    const values = texts(records.values, records.count);
    const formats = formatIndexes(records.values, records.count);
    const [origins, changed, changedFormats, failures] = [[], [], [], []];
    values.forEach((text, index) => {
      const format = records.formats[formats[index]];
      try {
        changed.push(text !== null && format?.encoding === 'json' ? upperCase(text) : text);
      } catch (error) {
        failures.push({ index, step: 0, message: String(error), retriable: false });
        return;
      }
      origins.push(index);
      changedFormats.push(formats[index]);
    });
    // The other columns are not in the result, and stay as they are.
    return {
      origins: Uint32Array.from(origins),
      addedFormats: [],
      values: column(changed, changedFormats),
      failures,
    };
  },
};

function upperCase(text) {
  const value = JSON.parse(text);
  for (const field of fields) {
    if (typeof value?.[field] === 'string') {
      value[field] = value[field].toUpperCase();
    }
  }
  return JSON.stringify(value);
}
