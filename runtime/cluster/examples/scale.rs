//! Measures a leader of 100 workers with 100,000 tasks: how long it takes to decide, and how many bytes it publishes.
//!
//! Run: `cargo run --release -p weir-cluster --example scale [WORKERS CONNECTORS TASKS]`, with the number of tasks of a connector.

use std::time::Duration;

use weir_cluster::{Action, Change, Event, Machine, MemberId, Name, Record, Settings, encode};

/// What is due within this time belongs to the change before it.
const SOON: Duration = Duration::from_millis(100);

/// A cluster as its leader sees it.
struct Cluster {
    machine: Machine,
    now: Duration,
    members: Vec<(MemberId, Name)>,
    /// The next offset of the config topic.
    offset: i64,
}

/// What a change took.
#[derive(Default)]
struct Cost {
    /// The CPU time in the machine.
    time: Duration,
    records: usize,
    bytes: usize,
    largest: usize,
    transactions: usize,
}

impl Cluster {
    fn new(workers: usize) -> Self {
        let settings = Settings { rebalance_delay: Duration::ZERO, ..Settings::default() };
        let members: Vec<(MemberId, Name)> = (0..workers).map(member).collect();
        let machine = Machine::new(settings, members[0].1.clone());
        Self { machine, now: Duration::from_secs(1000), members, offset: 0 }
    }

    fn configure(&mut self, change: Change) -> Cost {
        let event = Event::Config { offset: self.offset, change };
        self.offset += 1;
        self.run(vec![event])
    }

    fn tasks(&mut self, connector: &Name, count: u32) -> Cost {
        self.configure(Change::Tasks { connector: connector.clone(), generation: self.offset, count })
    }

    /// Gives events to the machine and answers what it asks for, until it asks for nothing any more.
    fn run(&mut self, mut events: Vec<Event>) -> Cost {
        let mut cost = Cost::default();
        loop {
            if events.is_empty() {
                let Some(next) = self.machine.next_step().filter(|next| *next < self.now + SOON) else { break };
                self.now = self.now.max(next);
                events.push(Event::Tick);
            }
            let mut next = Vec::new();
            for event in events {
                self.now += Duration::from_micros(1);
                let begin = cpu_time();
                let actions = self.machine.step(event, self.now);
                cost.time += cpu_time() - begin;
                for action in actions {
                    self.answer(action, &mut next, &mut cost);
                }
            }
            events = next;
        }
        cost
    }

    fn answer(&self, action: Action, events: &mut Vec<Event>, cost: &mut Cost) {
        match action {
            Action::Prove { member } => events.push(Event::Proven { member, sent_at: self.now }),
            Action::Describe { ticket } => events.push(Event::Described { ticket, members: self.members.clone() }),
            Action::ReadToEnd { ticket } => events.push(Event::ReadToEnd { ticket }),
            Action::Claim { ticket } => events.push(Event::Claimed { ticket }),
            Action::Publish { version, records } => {
                cost.transactions += 1;
                for record in &records {
                    let size = encode(record).1.map_or(0, |value| value.len());
                    cost.bytes += size;
                    cost.largest = cost.largest.max(size);
                }
                cost.records += records.len();
                // The other workers have nothing to stop in this model, so they acknowledge at once.
                let acknowledgements = records.iter().filter_map(|record| match record {
                    Record::Assignment(part) if !part.share.revoked.is_empty() => {
                        let member = part.member.clone();
                        Some(Event::Record(Record::Acknowledgement { member, version }))
                    }
                    _ => None,
                });
                let acknowledgements: Vec<Event> = acknowledgements.collect();
                events.push(Event::Published { version });
                events.extend(records.into_iter().map(Event::Record));
                events.extend(acknowledgements);
            }
            Action::Stop(work) => events.push(Event::Stopped(work)),
            _ => {}
        }
    }

    /// Describes the group again, as after a rebalance.
    fn rebalance(&mut self) -> Cost {
        let member = self.members[0].0.clone();
        self.run(vec![Event::Joined { member }])
    }
}

/// The CPU time of this thread, which is the same on a machine that is busy with something else.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds = text.split(' ').next().and_then(|text| text.parse().ok()).expect("the time on the CPU");
    Duration::from_nanos(nanoseconds)
}

fn member(number: usize) -> (MemberId, Name) {
    let url = format!("http://connect-worker-{number:03}.example.com:8083");
    (format!("{url}-5b0d7a4e-3f7c-4a53-9a0e-{number:012}").into(), url.into())
}

fn main() {
    let arguments: Vec<usize> = std::env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    let (workers, connectors, tasks) = match arguments[..] {
        [] => (100, 10_000, 10),
        [workers, connectors, tasks] => (workers, connectors, tasks as u32),
        _ => panic!("expected WORKERS CONNECTORS TASKS"),
    };
    let mut cluster = Cluster::new(workers);
    let name = |number: usize| -> Name { format!("orders-to-warehouse-{number:05}").into() };
    let mut configured = Cost::default();
    for number in 0..connectors {
        configured.time += cluster.configure(Change::Connector(name(number))).time;
        configured.time += cluster.tasks(&name(number), tasks).time;
    }
    println!("{workers} workers, {connectors} connectors, {} tasks", connectors * tasks as usize);
    println!("| Change | CPU time | Transactions | Records | Bytes | Largest record |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    print("read the configuration", &configured);
    let own = cluster.members[0].0.clone();
    let joined = cluster.run(vec![Event::Joined { member: own }, Event::LeaderPartition { is_assigned: true }]);
    print("first assignment", &joined);
    print("one task more", &cluster.tasks(&name(0), tasks + 1));
    print("new task configurations of a connector", &cluster.tasks(&name(1), tasks));
    let lost = cluster.members.pop().expect("a worker");
    print("a worker is lost", &cluster.rebalance());
    cluster.members.push((format!("{}-again", lost.0).into(), lost.1));
    print("a worker joins", &cluster.rebalance());
    print("nothing changed", &cluster.rebalance());
}

fn print(change: &str, cost: &Cost) {
    let Cost { time, records, bytes, largest, transactions } = cost;
    println!("| {change} | {:.1} ms | {transactions} | {records} | {bytes} | {largest} |", time.as_secs_f64() * 1e3);
}
