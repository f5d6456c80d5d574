// A sink that logs the value of each record. What `put` accepts is committed, because `sink-commit` is not exported.

import { taskNumber } from 'weir:connect/context@0.2.0';
import { counterAdd, log } from 'weir:connect/host@0.2.0';
import { texts } from './columns.js';

export const plugin = {
  describe() {
    const prefix = {
      name: 'prefix',
      valueType: 'string',
      required: false,
      default: 'value:',
      importance: 'medium',
      doc: 'The text before each value.',
      validators: [],
      attributes: [],
    };
    return [
      { className: 'org.example.javascript.LogSink', kind: 'sink', version: '1.0.0', config: [prefix], attributes: [] },
    ];
  },
};

let prefix = '';

export const sink = {
  start(_className, config) {
    // Defaults are filled in, so the key is there.
    prefix = config.find((entry) => entry.key === 'prefix').value;
    log('info', 'log-sink', `task ${taskNumber()} starts`);
  },

  put({ records }) {
    const values = texts(records.values, records.count);
    if (values.includes('retry')) {
      // The same records are passed again after a second.
      throw { tag: 'retriable', val: { message: 'a value asks for another try', afterMs: 1000 } };
    }
    const failures = [];
    values.forEach((text, index) => {
      if (text === null) {
        failures.push({ index, message: 'there is no value' });
      } else {
        log('info', 'log-sink', `${prefix} ${text}`);
      }
    });
    counterAdd('logged', BigInt(records.count - failures.length));
    return failures;
  },

  stop() {},
};
