//! `GET /metrics` as Prometheus reads it: through a parser that refuses what is not in the format.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, ensure};
use openmetrics_parser::{PrometheusType, PrometheusValue};

use crate::rest::Rest;

/// Everything that one scrape brought.
#[derive(Debug)]
pub struct Scrape {
    families: BTreeMap<String, Family>,
}

#[derive(Debug)]
struct Family {
    kind: PrometheusType,
    help: String,
    samples: Vec<(BTreeMap<String, String>, f64)>,
}

impl Scrape {
    /// Asks a worker.
    pub fn of(rest: &Rest) -> Result<Scrape> {
        let answer = rest.get("/metrics")?.expect(200)?;
        Scrape::parse(answer.body.as_str().context("/metrics answers in JSON")?)
    }

    /// Reads an answer.
    pub fn parse(text: &str) -> Result<Scrape> {
        let parsed = openmetrics_parser::prometheus::parse_prometheus(text)
            .map_err(|error| anyhow!("not in Prometheus' format: {error}\n{text}"))?;
        let mut families = BTreeMap::new();
        for (name, family) in parsed.families {
            let mut samples = Vec::new();
            for sample in family.iter_samples() {
                let labels = sample.get_labelset().map_err(|error| anyhow!("{name}: {error}"))?;
                let labels = labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
                let value = match &sample.value {
                    PrometheusValue::Counter(counter) => counter.value.as_f64(),
                    PrometheusValue::Gauge(gauge) => gauge.as_f64(),
                    other => return Err(anyhow!("{name} is neither counter nor gauge: {other:?}")),
                };
                samples.push((labels, value));
            }
            families.insert(name, Family { kind: family.family_type, help: family.help, samples });
        }
        Ok(Scrape { families })
    }

    /// The names of all families.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.families.keys().map(String::as_str)
    }

    /// The type and the help of a family.
    pub fn family(&self, name: &str) -> Option<(&PrometheusType, &str)> {
        self.families.get(name).map(|family| (&family.kind, family.help.as_str()))
    }

    /// The values of the samples that have these labels, among others.
    pub fn values(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        self.samples(name, labels).map(|(_, value)| *value).collect()
    }

    /// The value of the only sample that has these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Result<f64> {
        let values = self.values(name, labels);
        ensure!(values.len() == 1, "{name} has {} samples with {labels:?}: {values:?}", values.len());
        Ok(values[0])
    }

    /// The values of a label, in the samples that have these labels, among others.
    pub fn labels(&self, name: &str, labels: &[(&str, &str)], wanted: &str) -> Vec<&str> {
        self.samples(name, labels).filter_map(|(labels, _)| labels.get(wanted).map(String::as_str)).collect()
    }

    /// How many samples carry this value of a label, in all families.
    pub fn series_with(&self, label: &str, value: &str) -> usize {
        let samples = self.families.values().flat_map(|family| &family.samples);
        samples.filter(|(labels, _)| labels.get(label).is_some_and(|found| found == value)).count()
    }

    fn samples(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = &(BTreeMap<String, String>, f64)> {
        let samples = self.families.get(name).map(|family| family.samples.as_slice()).unwrap_or_default();
        let has = |found: &BTreeMap<String, String>, (name, value): &(&str, &str)| {
            found.get(*name).is_some_and(|found| found == value)
        };
        samples.iter().filter(move |(found, _)| labels.iter().all(|label| has(found, label)))
    }
}
