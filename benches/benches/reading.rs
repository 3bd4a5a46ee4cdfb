//! Files to networks: dumps and templates of growing size, text in, topology out.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use topologies::arm::Environment;
use topologies::{Input, expand, load};
use vnetsim_benches::{dump, template};

/// Eighths of the whole: time should grow in line with them.
const SIZES: [usize; 4] = [1, 2, 4, 8];

fn reading(c: &mut Criterion) {
    let environment = Environment::default();
    for (name, whole, make) in
        [("dump", 10_000, dump as fn(usize) -> String), ("template", 5_000, template as fn(usize) -> String)]
    {
        let mut group = c.benchmark_group(format!("reading/{name}"));
        group.sample_size(10);
        for eighths in SIZES {
            let count = whole * eighths / 8;
            let input = [Input::new("main.json", make(count))];
            let world = load(&input, None, &environment);
            assert!(world.diagnostics.is_empty() && world.findings.is_empty(), "{:?}", world.diagnostics);
            assert_eq!(world.resources.iter().count(), count);
            group.throughput(Throughput::Elements(count as u64));
            group.bench_function(BenchmarkId::from_parameter(count), |b| {
                b.iter_with_large_drop(|| load(black_box(&input), None, &environment));
            });
        }
        group.finish();
    }
    let world = load(&[Input::new("main.json", dump(10_000))], None, &environment);
    c.bench_function("reading/expand/10000", |b| b.iter(|| expand(black_box(&world))));
}

criterion_group!(benches, reading);
criterion_main!(benches);
