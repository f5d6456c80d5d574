//! A small cache of what was computed for a topic.

use std::collections::HashMap;
use std::rc::Rc;

/// The maximum number of cached topics.
const TOPICS: usize = 1024;

/// Values by topic. Errors are not cached.
#[derive(Debug)]
pub(crate) struct Memo<T> {
    answers: Vec<(Rc<str>, T)>,
    places: HashMap<Rc<str>, usize>,
    last: usize,
}

impl<T> Default for Memo<T> {
    fn default() -> Memo<T> {
        Memo { answers: Vec::new(), places: HashMap::new(), last: 0 }
    }
}

impl<T> Memo<T> {
    /// Returns the value for a topic, and calls `make` if it is not cached.
    #[inline]
    pub(crate) fn get_or_make<E>(&mut self, topic: &Rc<str>, make: impl FnOnce(&str) -> Result<T, E>) -> Result<&T, E> {
        if self.answers.get(self.last).is_none_or(|(last, _)| last != topic) {
            self.last = self.search(topic, make)?;
        }
        Ok(&self.answers[self.last].1)
    }

    fn search<E>(&mut self, topic: &Rc<str>, make: impl FnOnce(&str) -> Result<T, E>) -> Result<usize, E> {
        if let Some(place) = self.places.get(topic) {
            return Ok(*place);
        }
        let answer = make(topic)?;
        if self.answers.len() == TOPICS {
            *self = Memo::default();
        }
        let place = self.answers.len();
        self.answers.push((Rc::clone(topic), answer));
        self.places.insert(Rc::clone(topic), place);
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_is_asked_for_once() {
        let mut memo = Memo::default();
        let mut asked = Vec::new();
        for topic in ["a", "a", "b", "a", "b"] {
            let length = memo.get_or_make(&topic.into(), |topic| {
                asked.push(topic.to_string());
                Ok::<_, ()>(topic.to_uppercase())
            });
            assert_eq!(length, Ok(&topic.to_uppercase()));
        }
        assert_eq!(asked, ["a", "b"]);
        assert_eq!(memo.get_or_make(&"c".into(), |_| Err("no")), Err("no"));
    }

    #[test]
    fn any_number_of_topics_is_answered() {
        let mut memo = Memo::default();
        for number in 0..3 * TOPICS {
            let topic = number.to_string();
            assert_eq!(memo.get_or_make(&topic.as_str().into(), |_| Ok::<_, ()>(number)), Ok(&number));
            assert!(memo.answers.len() <= TOPICS);
        }
    }
}
