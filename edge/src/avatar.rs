//! Pictures of people. Whatever somebody sends becomes a small square here, written anew from its pixels: nothing else of it is
//! kept, such as where it was taken.

use std::{fmt, io::Cursor, time::Duration};

use image::{
    DynamicImage, GenericImageView, ImageBuffer, ImageDecoder, ImageFormat, ImageReader, Limits, Pixel,
    imageops::{self, FilterType},
    metadata::Orientation,
};
use plyo_events::avatar::{MAX_BYTES, SIDE};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

/// Most bytes of a picture as it is sent.
pub(crate) const MAX_SENT_BYTES: usize = 5 * 1024 * 1024;
/// Most pixels of one.
const MAX_PIXELS: u64 = 40_000_000;
/// Most bytes of its pixels: four of each, as most pictures have.
const MAX_PIXEL_BYTES: u64 = 4 * MAX_PIXELS;
/// Most that a decoder allocates beside them.
const MAX_DECODER_BYTES: u64 = 256 * 1024 * 1024;
/// Tried in this order, until a picture is small enough.
const QUALITIES: [f32; 4] = [82.0, 65.0, 45.0, 20.0];

/// One at a time in a process: it takes memory and a core.
static TURN: Semaphore = Semaphore::const_new(1);
/// How long somebody waits for their turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one may take. No decoder is interrupted: its turn lasts until it has ended.
const READING_TIMEOUT: Duration = Duration::from_secs(10);

/// Why something does not become a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Or it is damaged, or its decoder takes too long or too much memory.
    NoImage,
    TooManyPixels,
    /// Too many others are being read.
    Busy,
}

impl Unusable {
    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::NoImage => "this is no JPEG, PNG, WebP or GIF, or it is damaged; send another",
            Self::TooManyPixels => {
                "a picture has at most 40 megapixels, 20 where a channel has 16 bits; send a smaller one"
            }
            Self::Busy => "others are sending pictures; try again in a moment",
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.detail())
    }
}

impl std::error::Error for Unusable {}

/// What becomes of a picture: a WebP, upright, cut to the square in its middle.
///
/// # Errors
/// When it is none that is taken.
pub async fn square(sent: impl AsRef<[u8]> + Send + 'static) -> Result<Vec<u8>, Unusable> {
    let turn = timeout(TURN_TIMEOUT, TURN.acquire()).await;
    let turn = turn.ok().and_then(Result::ok).ok_or(Unusable::Busy)?;
    let reading = spawn_blocking(move || {
        let _turn = turn;
        written_anew(sent.as_ref())
    });
    // A decoder that panics has met a picture that is none.
    timeout(READING_TIMEOUT, reading).await.ok().and_then(Result::ok).unwrap_or(Err(Unusable::NoImage))
}

fn written_anew(sent: &[u8]) -> Result<Vec<u8>, Unusable> {
    let (image, orientation) = decoded(sent)?;
    let mut image = match image {
        DynamicImage::ImageRgb8(pixels) => DynamicImage::ImageRgb8(cut(&pixels)),
        image if image.color().has_alpha() => DynamicImage::ImageRgba8(cut(&image.into_rgba8())),
        image => DynamicImage::ImageRgb8(cut(&image.into_rgb8())),
    };
    // The middle is the same however it is turned.
    image.apply_orientation(orientation);
    encoded(&image).ok_or(Unusable::NoImage)
}

/// The pixels, and how they are to be turned. Whatever a head announces is looked at before there is room for it.
fn decoded(sent: &[u8]) -> Result<(DynamicImage, Orientation), Unusable> {
    let mut reader = ImageReader::new(Cursor::new(sent)).with_guessed_format().map_err(|_| Unusable::NoImage)?;
    let known = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif];
    if !reader.format().is_some_and(|format| known.contains(&format)) {
        return Err(Unusable::NoImage);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| Unusable::NoImage)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_PIXEL_BYTES {
        return Err(Unusable::TooManyPixels);
    }
    // Whoever cannot say how it is to be turned may still have pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|_| Unusable::NoImage)?;
    Ok((image, orientation))
}

/// The square in the middle, in its size.
fn cut<P>(pixels: &ImageBuffer<P, Vec<u8>>) -> ImageBuffer<P, Vec<u8>>
where
    P: Pixel<Subpixel = u8> + 'static,
{
    let (width, height) = pixels.dimensions();
    let side = width.min(height);
    let middle = imageops::crop_imm(pixels, (width - side) / 2, (height - side) / 2, side, side);
    imageops::resize(&*middle, SIDE, SIDE, FilterType::Triangle)
}

fn encoded(image: &DynamicImage) -> Option<Vec<u8>> {
    let (width, height) = image.dimensions();
    let encoder = match image {
        DynamicImage::ImageRgba8(pixels) => webp::Encoder::from_rgba(pixels, width, height),
        DynamicImage::ImageRgb8(pixels) => webp::Encoder::from_rgb(pixels, width, height),
        _ => return None,
    };
    let tried = QUALITIES.iter().filter_map(|quality| encoder.encode_simple(false, *quality).ok());
    tried.map(|webp| webp.to_vec()).find(|webp| webp.len() <= MAX_BYTES)
}

#[cfg(test)]
mod tests;
