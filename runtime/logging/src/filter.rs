//! Filters lines by the worker's [`Levels`], which may change at any time. A line that is never written costs one load of a static; a
//! line's span is only looked up if single connectors have levels of their own.

use std::fmt::Debug;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::levels::Levels;
use super::rules;

/// The filter of the log.
pub(super) struct Filter(pub(super) Levels);

/// The connector that a span is about; stored with the span.
struct Connector(Arc<str>);

impl<S> Layer<S> for Filter
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn register_callsite(&self, place: &'static Metadata<'static>) -> Interest {
        self.0.rules().interest(place)
    }

    fn enabled(&self, place: &Metadata<'_>, context: Context<'_, S>) -> bool {
        let mut found = None;
        self.0.rules().enabled(place, || {
            found = context.lookup_current().and_then(|span| {
                // The innermost span that names a connector.
                span.scope().find_map(|span| span.extensions().get::<Connector>().map(|known| Arc::clone(&known.0)))
            });
            found.as_deref()
        })
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // The spans that name connectors have the level ERROR, and are needed whatever is written.
        Some(self.0.rules().max().max(LevelFilter::ERROR))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if !rules::names_connector(attributes.metadata()) {
            return;
        }
        let mut name = Name(None);
        attributes.record(&mut name);
        if let (Some(name), Some(span)) = (name.0, context.span(id)) {
            span.extensions_mut().insert(Connector(name.into()));
        }
    }
}

/// Finds the field that names the connector.
struct Name(Option<String>);

impl Visit for Name {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == super::CONNECTOR_FIELD {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == super::CONNECTOR_FIELD {
            self.0 = Some(format!("{value:?}"));
        }
    }
}
