//! Bodies that did not fit the page.

use crate::codec::Large;

/// Bodies on their way to JavaScript, fetched part by part.
#[derive(Default)]
pub(crate) struct Held {
    bodies: Vec<Option<Box<Large>>>,
    free: Vec<u32>,
}

impl Held {
    /// Keeps a body until it is let go of; its index plus one, so that 0 can mean none.
    pub(crate) fn keep(&mut self, body: Box<Large>) -> u32 {
        match self.free.pop() {
            Some(at) => {
                if let Some(slot) = self.bodies.get_mut(at as usize) {
                    *slot = Some(body);
                }
                at + 1
            }
            None => {
                self.bodies.push(Some(body));
                self.bodies.len() as u32
            }
        }
    }

    /// One part of a body.
    pub(crate) fn part(&self, ticket: u32, part: u32) -> Option<&[u8]> {
        let body = self.bodies.get((ticket as usize).checked_sub(1)?)?.as_ref()?;
        body.parts.get(part as usize).map(|bytes| &**bytes)
    }

    /// Drops a body.
    pub(crate) fn let_go(&mut self, ticket: u32) {
        let Some(at) = ticket.checked_sub(1) else { return };
        if let Some(slot) = self.bodies.get_mut(at as usize)
            && slot.take().is_some()
        {
            self.free.push(at);
        }
    }
}
