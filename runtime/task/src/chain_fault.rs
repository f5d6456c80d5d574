//! Finds the step of a chain that has failed. Steps that run fused share an instance and a call, and an instance that has trapped cannot be
//! called any more; so the steps are run again, in new instances, fewer at a time. This happens only when a task fails anyway.

use std::fmt::Write as _;
use std::time::Duration;

use weir_data::records::Records;
use weir_plugin::{CallError, Grants, Guest, Limits, StepPredicate, TransformInstance};

use super::chain::is_foreign;
use weir_config::{Predicate, Step};

/// Time limit of one call when steps are run again. A batch takes milliseconds; a step that does not return would not return again.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// Time limit of the whole search.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum number of steps that are named if the failed step cannot be determined.
const MAX_NAMED: usize = 10;

/// Steps that run fused, and what is needed to run them again.
pub(super) struct Fused {
    pub(super) steps: Vec<Step>,
    /// Whose instance it is.
    pub(super) guest: Guest,
    pub(super) limits: Limits,
}

impl Fused {
    /// Another instance with these steps.
    pub(super) async fn start(&self) -> Result<TransformInstance, CallError> {
        self.start_with(self.guest.clone(), &self.limits, &self.configured()).await
    }

    async fn start_with(
        &self,
        guest: Guest,
        limits: &Limits,
        steps: &[weir_plugin::Step],
    ) -> Result<TransformInstance, CallError> {
        let Some(first) = self.steps.first() else {
            return Err(CallError::Fatal("a chain of transforms has no step".to_owned()));
        };
        let mut transform = first.component.transform(guest, limits, &Grants::none()).await?;
        transform.configure(steps).await?;
        Ok(transform)
    }

    /// Returns the steps in the form of the contract, without predicates of other components.
    pub(super) fn configured(&self) -> Vec<weir_plugin::Step> {
        let predicate = |step: &Step| {
            let own = step.predicate.as_ref().filter(|_| !is_foreign(step))?;
            Some(StepPredicate { class: own.class.clone(), config: own.config.clone(), negate: own.negate })
        };
        let step = |step: &Step| weir_plugin::Step {
            alias: step.alias.clone(),
            class: step.class.clone(),
            config: step.config.clone(),
            predicate: predicate(step),
        };
        self.steps.iter().map(step).collect()
    }

    /// Names the step that could not be configured.
    pub(super) async fn find_unconfigured(&self) -> String {
        self.find(&mut Records::default(), &mut Vec::new()).await
    }

    /// Names the step that failed for this batch.
    pub(super) async fn find(&self, records: &mut Records, offsets: &mut Vec<i64>) -> String {
        if let [step] = &self.steps[..] {
            return place_of(step);
        }
        let found = tokio::time::timeout(SEARCH_TIMEOUT, self.first_that_fails(records, offsets)).await;
        match found.ok().flatten().and_then(|index| self.steps.get(index)) {
            Some(step) => place_of(step),
            None => one_of(&self.steps),
        }
    }

    /// The index of the step with which the chain begins to fail; `None` if it does not fail again.
    async fn first_that_fails(&self, records: &mut Records, offsets: &mut Vec<i64>) -> Option<usize> {
        let configured = self.configured();
        // The first `low` steps do not fail. The first `high` do, if any do.
        let (mut low, mut high) = (0, configured.len());
        let mut failed_again = false;
        while high - low > 1 {
            let middle = low.midpoint(high);
            match self.try_again(&configured[..middle], records, offsets).await {
                Ok(()) => low = middle,
                Err(_) => (high, failed_again) = (middle, true),
            }
        }
        // So far it may be that all went well.
        (failed_again || self.try_again(&configured, records, offsets).await.is_err()).then_some(high - 1)
    }

    async fn try_again(
        &self,
        steps: &[weir_plugin::Step],
        records: &mut Records,
        offsets: &mut Vec<i64>,
    ) -> Result<(), CallError> {
        // Not counted with the instance that failed.
        let guest = self.guest.clone().counted_anew();
        let limits = Limits { call_timeout: self.limits.call_timeout.min(CALL_TIMEOUT), ..self.limits };
        let mut chain = self.start_with(guest, &limits, steps).await?;
        if records.count > 0 {
            chain.apply(records, offsets).await?;
        }
        Ok(())
    }
}

/// Describes a step by its alias and class.
fn place_of(step: &Step) -> String {
    match step.predicate.as_ref().filter(|_| !is_foreign(step)) {
        Some(Predicate { alias, class, .. }) => {
            format!("transforms.{} ({}), with predicates.{alias} ({class})", step.alias, step.class)
        }
        None => format!("transforms.{} ({})", step.alias, step.class),
    }
}

/// Describes the predicate of a step if it is in another component.
pub(super) fn place_of_predicate(predicate: &Predicate, step: &Step) -> String {
    format!("predicates.{} ({}), of transforms.{}", predicate.alias, predicate.class, step.alias)
}

fn one_of(steps: &[Step]) -> String {
    let mut text = "one of ".to_owned();
    for (index, step) in steps.iter().take(MAX_NAMED).enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        let _ = write!(text, "{separator}{}", place_of(step));
    }
    if let Some(more) = steps.len().checked_sub(MAX_NAMED).filter(|more| *more > 0) {
        let _ = write!(text, " and {more} more");
    }
    text
}
