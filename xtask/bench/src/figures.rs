//! How figures are printed: one line each, with what it is compared with at the end.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Prints one figure.
pub fn print(case: &str, what: &str, value: &str, beside: &str) {
    println!("{case:<12} {what:<62} {value:>14}   {beside}");
}

/// A rate, such as `12,345 /s`.
pub fn rate(count: u64, elapsed: Duration) -> String {
    format!("{} /s", whole(per_second(count, elapsed)))
}

/// How many a second.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
pub fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64().max(f64::EPSILON)
}

/// How many times `other` goes into `value`.
pub fn ratio(value: f64, other: f64) -> String {
    format!("{:.2} ×", value / other.max(f64::EPSILON))
}

/// A quantile of microseconds, in milliseconds.
pub fn quantile(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    Duration::from_micros(histogram.value_at_quantile(quantile)).as_secs_f64() * 1000.0
}

/// Median, 95th and 99th percentile of microseconds, in milliseconds.
pub fn latencies(histogram: &Histogram<u64>) -> String {
    let at = |part| quantile(histogram, part);
    format!("p50 {:.3}  p95 {:.3}  p99 {:.3} ms", at(0.5), at(0.95), at(0.99))
}

/// A number without a fraction, its thousands grouped.
pub fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_for_people() {
        assert_eq!(whole(0.4), "0");
        assert_eq!(whole(999.0), "999");
        assert_eq!(whole(1_234_567.0), "1,234,567");
        assert_eq!(whole(-1_000.0), "-1,000");
        assert_eq!(rate(3000, Duration::from_secs(2)), "1,500 /s");
    }
}
