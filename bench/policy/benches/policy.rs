//! One check in the process, beside two other libraries that hold the same data and answer the same questions, and the list of
//! what somebody sees.

use std::cell::Cell;
use std::hint::black_box;

use bastide_authz::Graph;
use bastide_bench_policy::data::Data;
use bastide_bench_policy::in_bastide::{self, Bastide, NOW};
use bastide_bench_policy::in_casbin::Casbin;
use bastide_bench_policy::in_cedar::Cedar;
use bastide_bench_policy::questions::questions;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// As many as there should be at most in one installation.
const ORGANIZATIONS: usize = 20_000;

/// Asks one question after the other, for ever.
fn turns<'a, T>(asked: &'a [T]) -> impl Fn() -> &'a T {
    let next = Cell::new(0);
    move || {
        let at = next.get();
        next.set(if at + 1 == asked.len() { 0 } else { at + 1 });
        &asked[at]
    }
}

fn checks(criterion: &mut Criterion) {
    let data = Data::of(ORGANIZATIONS);
    let mut group = criterion.benchmark_group("check");
    let many = questions(&data, 200_000);
    let mut bastide = Bastide::of(&data);
    let asked: Vec<_> = many.iter().map(|one| Bastide::asked(*one)).collect();
    let next = turns(&asked);
    group.bench_function("bastide", |bencher| bencher.iter(|| bastide.may(next())));
    let next = turns(&asked);
    group.bench_function("bastide, with permit", |bencher| bencher.iter(|| bastide.permits(next())));

    let some = &many[..20_000];
    let answers: Vec<_> = asked[..some.len()].iter().map(|one| bastide.may(one)).collect();
    let cedar = Cedar::of(&data);
    let asked: Vec<_> = some.iter().map(|one| Cedar::asked(*one)).collect();
    assert!(asked.iter().map(|one| cedar.may(one)).eq(answers.iter().copied()), "cedar answers otherwise");
    let next = turns(&asked);
    group.bench_function("cedar-policy", |bencher| bencher.iter(|| cedar.may(next())));

    let casbin = Casbin::of(&data);
    let asked: Vec<_> = some.iter().map(|one| Casbin::asked(&data, *one)).collect();
    assert!(asked.iter().map(|one| casbin.may(one)).eq(answers.iter().copied()), "casbin answers otherwise");
    let next = turns(&asked);
    group.bench_function("casbin", |bencher| bencher.iter(|| casbin.may(next())));
    group.finish();
}

fn lists(criterion: &mut Criterion) {
    let data = Data::of(ORGANIZATIONS);
    let (graph, people) = in_bastide::with_lists(&data, &[20, 200, 2_000, 20_000]);
    let mut group = criterion.benchmark_group("list");
    for (size, caller) in &people {
        group.throughput(Throughput::Elements(*size as u64));
        group.bench_function(size.to_string(), |bencher| {
            bencher.iter(|| black_box(graph.visible_organizations(caller, NOW)).is_ok());
        });
    }
    group.finish();
}

fn rebuild(criterion: &mut Criterion) {
    let data = Data::of(ORGANIZATIONS);
    let facts = in_bastide::facts(&data);
    let mut group = criterion.benchmark_group("rebuild");
    group.sample_size(10).throughput(Throughput::Elements(facts.len() as u64));
    group.bench_function("from facts in memory", |bencher| {
        bencher.iter_batched(|| facts.clone(), |facts| Graph::build(1, facts), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, checks, lists, rebuild);
criterion_main!(benches);
