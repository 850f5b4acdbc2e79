//! Which group a command joins, and what happens to a refused one.

use std::cell::RefCell;

use super::*;

fn queued(id: u128, service: &'static str, waiter: Waiter) -> Queued {
    let (subject, body) = (format!("cmd.{service}"), Bytes::new());
    Queued { id: Uuid::from_u128(id), service, subject, headers: HeaderMap::new(), body, waiter }
}

#[test]
fn a_command_is_in_its_services_group_once_with_all_who_wait_for_it() {
    let arrive = [(1, "workout"), (2, "user"), (1, "workout"), (3, "workout"), (2, "workout"), (1, "workout")];
    let (waiters, mut answers): (Vec<_>, Vec<_>) = arrive.iter().map(|_| oneshot::channel()).unzip();
    let arrived = arrive.into_iter().zip(waiters).map(|((id, service), waiter)| queued(id, service, waiter));
    let mut groups = by_service(arrived);
    let waiting = |group: &[Grouped]| group.iter().map(|message| message.waiters.len()).collect::<Vec<_>>();
    assert_eq!(waiting(&groups["workout"]), [3, 1, 1], "in the order they came");
    assert_eq!(waiting(&groups["user"]), [1], "the same id for another service is another command");
    assert!(groups["user"].iter().all(|message| message.subject == "cmd.user"));

    let first = groups.get_mut("workout").unwrap().remove(0);
    answer(first.waiters, Err(SendError::Unknown));
    let answered: Vec<bool> = answers.iter_mut().map(|answer| answer.try_recv().is_ok()).collect();
    assert_eq!(answered, [true, false, true, false, false, true]);
}

/// Refuses some ids, as a batch and alone, and says what it was given.
#[derive(Default)]
struct Strict {
    refused: Vec<u128>,
    /// How large each batch was.
    batches: RefCell<Vec<usize>>,
    /// What was published alone, and whether again.
    plain: RefCell<Vec<(u128, bool)>>,
    loses_answers: bool,
}

fn number(message: &Grouped) -> u128 {
    message.subject.parse().unwrap()
}

impl Server for Strict {
    fn is_connected(&self) -> bool {
        true
    }

    async fn publish_atomically(&self, group: &[Grouped]) -> Result<(), PublishError> {
        self.batches.borrow_mut().push(group.len());
        if self.loses_answers {
            return Err(PublishError::Unknown);
        }
        let is_refused = group.iter().any(|message| self.refused.contains(&number(message)));
        if is_refused { Err(refusal()) } else { Ok(()) }
    }

    async fn publish_plainly(&self, group: Vec<Grouped>, again: bool) {
        for message in group {
            let number = number(&message);
            self.plain.borrow_mut().push((number, again));
            let is_refused = self.refused.contains(&number);
            answer(message.waiters, if is_refused { Err(send_error(&refusal())) } else { published_now() });
        }
    }
}

fn refusal() -> PublishError {
    PublishError::Refused { code: 10_054, description: "message size exceeds maximum allowed".to_owned() }
}

fn published_now() -> Result<Published, SendError> {
    Ok(Published { duplicate: false })
}

/// Publishes a hundred commands; gives which of them were not stored.
async fn publish_a_hundred(server: &Strict) -> Vec<usize> {
    let (waiters, mut answers): (Vec<_>, Vec<_>) = (0..100).map(|_| oneshot::channel()).unzip();
    let group = waiters.into_iter().enumerate().map(|(number, waiter)| Grouped {
        subject: number.to_string(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        waiters: vec![waiter],
    });
    publish_group(group.collect(), server).await;
    let refused = |answer: &mut oneshot::Receiver<Result<Published, SendError>>| {
        answer.try_recv().expect("everybody is answered").is_err()
    };
    (0..100).zip(&mut answers).filter_map(|(number, answer)| refused(answer).then_some(number)).collect()
}

#[tokio::test]
async fn a_group_that_is_refused_is_halved_until_the_refused_one_is_found() {
    let server = Strict { refused: vec![77], ..Strict::default() };
    assert_eq!(publish_a_hundred(&server).await, [77], "nobody else is refused with it");
    assert_eq!(*server.batches.borrow(), [100, 50, 50, 25, 25, 12, 13], "the sound half goes as one");
    let plain: Vec<u128> = server.plain.borrow().iter().map(|(number, _)| *number).collect();
    assert_eq!(plain, (75..87).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_group_whose_answer_is_lost_is_published_again_one_by_one() {
    let server = Strict { loses_answers: true, ..Strict::default() };
    assert_eq!(publish_a_hundred(&server).await, Vec::<usize>::new());
    assert_eq!(*server.plain.borrow(), (0..100).map(|number| (number, true)).collect::<Vec<_>>());
}
