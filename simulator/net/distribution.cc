// Distribution tables: the shapes of jitter, computed from their densities.
#include "simulator/net/distribution.hh"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <linux/pkt_sched.h>

namespace etimedout {

namespace {

constexpr std::size_t table_size = 4096;
constexpr double furthest = 32767.0 / NETEM_DIST_SCALE;

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

// By bisection: exact to the last bit that matters, and the same on every machine.
double normal_quantile(double probability) {
    double low = -40;
    double high = 40;
    for (int step = 0; step < 80; ++step) {
        const double middle = (low + high) / 2;
        (normal_cdf(middle) < probability ? low : high) = middle;
    }
    return (low + high) / 2;
}

// The Pareto distribution with shape 3, as tc-netem's: F(x) = 1 - x^-3 from 1 upwards.
double pareto_quantile(double probability) { return std::pow(1.0 - probability, -1.0 / 3.0); }

double middle_of(std::size_t step, std::size_t steps) {
    return (static_cast<double>(step) + 0.5) / static_cast<double>(steps);
}

template <class Quantile>
std::vector<double> sample(std::size_t steps, Quantile quantile) {
    std::vector<double> values(steps);
    for (std::size_t i = 0; i < steps; ++i) values[i] = quantile(middle_of(i, steps));
    return values;
}

void standardise(std::vector<double>& values) {
    const auto count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    const double spread = std::sqrt(squares / count);
    for (double& value : values) value = (value - mean) / spread;
}

// The sum of one normal and three Pareto parts, as tc-netem's paretonormal weighs them; its
// quantiles from all sums of 256 quantiles of each.
std::vector<double> pareto_normal() {
    constexpr std::size_t steps = 256;
    std::vector<double> normal = sample(steps, normal_quantile);
    std::vector<double> pareto = sample(steps, pareto_quantile);
    standardise(pareto);
    std::vector<double> sums;
    sums.reserve(steps * steps);
    for (const double n : normal) {
        for (const double p : pareto) sums.push_back((n + 3 * p) / 4);
    }
    std::ranges::sort(sums);
    return sample(table_size, [&](double probability) {
        return sums[static_cast<std::size_t>(probability * static_cast<double>(sums.size()))];
    });
}

std::vector<std::int16_t> scaled(std::vector<double> values) {
    // Cutting the tail off moves mean and spread, and correcting these moves the tail: repeated,
    // it settles.
    for (int round = 0; round < 50; ++round) {
        standardise(values);
        for (double& value : values) value = std::clamp(value, -furthest, furthest);
    }
    std::vector<std::int16_t> table;
    table.reserve(values.size());
    for (const double value : values) {
        table.push_back(static_cast<std::int16_t>(std::lround(value * NETEM_DIST_SCALE)));
    }
    return table;
}

std::vector<std::int16_t> uniform() {
    std::vector<std::int16_t> table;
    for (std::size_t i = 0; i < table_size; ++i) {
        const double value = 2 * middle_of(i, table_size) - 1;
        table.push_back(static_cast<std::int16_t>(std::lround(value * NETEM_DIST_SCALE)));
    }
    return table;
}

}  // namespace

const std::vector<std::int16_t>& distribution_table(Distribution distribution) {
    static const auto flat = uniform();
    switch (distribution) {
        case Distribution::normal: {
            static const auto table = scaled(sample(table_size, normal_quantile));
            return table;
        }
        case Distribution::pareto: {
            static const auto table = scaled(sample(table_size, pareto_quantile));
            return table;
        }
        case Distribution::paretonormal: {
            static const auto table = scaled(pareto_normal());
            return table;
        }
        case Distribution::uniform:
            break;
    }
    return flat;
}

}  // namespace etimedout
