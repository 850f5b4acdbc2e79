//! A linear model whose weights are believed to be Gaussian. One update serves four models: it is the Kalman filter of a state
//! that is observed through `features`, recursive least squares with a noise of 1, and ridge regression kept up to date by
//! Sherman and Morrison's formula.

use nalgebra::{SMatrix, SVector};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// What is believed of `N` weights. The covariance is symmetric to the last bit, so that half of it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian<const N: usize> {
    pub mean: SVector<f64, N>,
    pub covariance: SMatrix<f64, N, N>,
}

impl<const N: usize> Gaussian<N> {
    /// Independent weights with these variances.
    pub fn new(mean: [f64; N], variances: [f64; N]) -> Self {
        Self { mean: mean.into(), covariance: SMatrix::from_diagonal(&variances.into()) }
    }

    /// The weights may have wandered since: adds to their variances.
    pub fn wander(&mut self, variances: [f64; N]) {
        for (i, variance) in variances.into_iter().enumerate() {
            self.covariance[(i, i)] += variance;
        }
    }

    /// The expected observation.
    pub fn expected(&self, features: &SVector<f64, N>) -> f64 {
        self.mean.dot(features)
    }

    /// The variance of the expectation, without the noise of an observation.
    pub fn variance(&self, features: &SVector<f64, N>) -> f64 {
        (self.covariance * features).dot(features).max(0.0)
    }

    /// Learns from an observation that was `residual` above what was expected and has a variance of `noise`.
    pub fn learn(&mut self, features: &SVector<f64, N>, residual: f64, noise: f64) {
        let reach = self.covariance * features;
        let total = reach.dot(features).max(0.0) + noise;
        self.mean += reach * (residual / total);
        self.covariance -= reach * reach.transpose() / total;
    }
}

/// The mean and the covariance's columns down to the diagonal.
type Stored = (Vec<f64>, Vec<f64>);

impl<const N: usize> Serialize for Gaussian<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let half = (0..N).flat_map(|column| (0..=column).map(move |row| self.covariance[(row, column)]));
        let stored: Stored = (self.mean.iter().copied().collect(), half.collect());
        stored.serialize(serializer)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Gaussian<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (mean, half) = Stored::deserialize(deserializer)?;
        if mean.len() != N || half.len() != N * (N + 1) / 2 {
            return Err(D::Error::custom("another number of weights"));
        }
        let place = |row: usize, column: usize| column.max(row) * (column.max(row) + 1) / 2 + row.min(column);
        let covariance = SMatrix::from_fn(|row, column| half[place(row, column)]);
        Ok(Self { mean: SVector::from_column_slice(&mean), covariance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_by_one_it_learns_what_least_squares_finds_at_once() {
        let observations = [([1.0, 0.0], 1.0), ([1.0, 1.0], 3.5), ([1.0, 2.0], 5.0), ([1.0, -1.0], -0.5)];
        let mut model = Gaussian::new([0.0; 2], [1e9; 2]);
        for (features, observed) in observations {
            let features = SVector::from(features);
            let residual = observed - model.expected(&features);
            model.learn(&features, residual, 1.0);
        }
        // By hand: mean x 0.5, mean y 2.25, slope 9.5 / 5 = 1.9, intercept 1.3.
        assert!((model.mean[0] - 1.3).abs() < 1e-6 && (model.mean[1] - 1.9).abs() < 1e-6, "{}", model.mean);
    }

    #[test]
    fn half_of_a_covariance_is_enough_to_get_it_back_to_the_bit() {
        let mut model = Gaussian::new([0.1, -0.2, 0.3], [1.0, 2.0, 3.0]);
        for i in 0..50 {
            model.learn(&[1.0, f64::from(i % 7) / 3.0, f64::from(i % 3) / 7.0].into(), 0.1 * f64::from(i % 5), 0.7);
        }
        let bytes = postcard::to_stdvec(&model).unwrap();
        assert_eq!(postcard::from_bytes::<Gaussian<3>>(&bytes).unwrap(), model);
        assert!(postcard::from_bytes::<Gaussian<2>>(&bytes).is_err());
    }

    #[test]
    fn what_was_seen_is_more_certain() {
        let mut model = Gaussian::new([0.0; 2], [1.0; 2]);
        let seen = SVector::from([1.0, 0.5]);
        let before = model.variance(&seen);
        model.learn(&seen, 0.3, 0.1);
        assert!(model.variance(&seen) < 0.2 * before);
        model.wander([0.5, 0.0]);
        assert!(model.variance(&seen) > 0.5);
    }
}
