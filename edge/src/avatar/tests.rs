//! What becomes of pictures, and of what is none.

use image::{ExtendedColorType, Frame, Rgb, RgbImage, Rgba, RgbaImage, codecs::gif::GifEncoder};

use super::*;

/// Where it was taken, as a telephone says.
const PLACE: &[u8] = b"52.5163 N 13.3777 E";
const RED: Rgb<u8> = Rgb([220, 20, 20]);
const BLUE: Rgb<u8> = Rgb([20, 20, 220]);

/// Red above, blue below, and twice as wide as what is kept of it.
fn two_halves() -> DynamicImage {
    RgbImage::from_fn(1200, 600, |_, y| if y < 300 { RED } else { BLUE }).into()
}

fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG with an Exif segment that has this orientation, and a place.
fn taken_by_a_telephone(orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(PLACE);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let jpeg = written(&two_halves(), ImageFormat::Jpeg);
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

/// What is kept, checked to be what others rely on.
fn kept(sent: &[u8]) -> RgbaImage {
    let webp = written_anew(sent).unwrap();
    assert!(webp.len() <= MAX_BYTES, "{}", webp.len());
    for chunk in [&b"EXIF"[..], b"XMP ", b"ICCP", PLACE] {
        assert!(!webp.windows(chunk.len()).any(|bytes| bytes == chunk), "{}", String::from_utf8_lossy(chunk));
    }
    assert_eq!(image::guess_format(&webp).unwrap(), ImageFormat::WebP);
    let image = image::load_from_memory(&webp).unwrap();
    assert_eq!((image.width(), image.height()), (SIDE, SIDE));
    image.into_rgba8()
}

fn is_near(pixel: &Rgba<u8>, Rgb([r, g, b]): Rgb<u8>) -> bool {
    pixel.0.iter().zip([r, g, b]).all(|(is, wanted)| is.abs_diff(wanted) < 40)
}

#[test]
fn what_is_kept_is_a_small_upright_square_of_every_format() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let image = kept(&written(&two_halves(), format));
        assert!(is_near(image.get_pixel(256, 50), RED) && is_near(image.get_pixel(256, 460), BLUE), "{format:?}");
    }
    let small = kept(&written(&RgbImage::from_pixel(3, 2, BLUE).into(), ImageFormat::Png));
    assert!(is_near(small.get_pixel(0, 511), BLUE));
}

#[test]
fn a_picture_stands_as_its_telephone_was_held_and_nothing_else_of_it_is_kept() {
    // Where the red half comes to be.
    for (orientation, red, blue) in
        [(1, (256, 50), (256, 460)), (3, (256, 460), (256, 50)), (6, (460, 256), (50, 256)), (8, (50, 256), (460, 256))]
    {
        let sent = taken_by_a_telephone(orientation);
        assert!(sent.windows(PLACE.len()).any(|bytes| bytes == PLACE));
        let image = kept(&sent);
        assert!(is_near(image.get_pixel(red.0, red.1), RED), "{orientation}");
        assert!(is_near(image.get_pixel(blue.0, blue.1), BLUE), "{orientation}");
    }
}

#[test]
fn the_middle_is_kept_of_a_wide_picture_and_what_is_seen_through() {
    let thirds = |x| if (400..800).contains(&x) { Rgba([20, 20, 220, 255]) } else { Rgba([220, 20, 20, 0]) };
    let sent = RgbaImage::from_fn(1200, 400, |x, _| thirds(x)).into();
    let image = kept(&written(&sent, ImageFormat::Png));
    assert!(image.pixels().all(|pixel| is_near(pixel, BLUE) && pixel.0[3] == 255));
    let hole = RgbaImage::from_fn(64, 64, |x, _| Rgba([20, 20, 220, if x < 32 { 0 } else { 255 }])).into();
    let image = kept(&written(&hole, ImageFormat::Png));
    assert_eq!((image.get_pixel(50, 50).0[3], image.get_pixel(460, 50).0[3]), (0, 255));
}

#[test]
fn the_first_frame_is_kept_of_what_moves() {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for colour in [BLUE, RED] {
        let frame = DynamicImage::from(RgbImage::from_pixel(64, 64, colour)).into_rgba8();
        encoder.encode_frame(Frame::new(frame)).unwrap();
    }
    drop(encoder);
    assert!(is_near(kept(&bytes).get_pixel(256, 256), BLUE));
}

#[test]
fn noise_is_small_enough_as_well() {
    let mut state = 7_u32;
    let noise = RgbaImage::from_fn(SIDE, SIDE, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Rgba(state.to_be_bytes())
    });
    kept(&written(&noise.into(), ImageFormat::Png));
}

/// A PNG that announces so many pixels, all black: some KiB.
fn announcing(width: u32, height: u32, color: ExtendedColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let row = vec![0; (u64::from(width) * u64::from(color.bits_per_pixel()) / 8 * u64::from(height)) as usize];
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    image::ImageEncoder::write_image(encoder, &row, width, height, color).unwrap();
    bytes
}

#[test]
fn what_unpacks_to_too_much_is_refused_before_there_is_room_for_it() {
    let bomb = announcing(8000, 5001, ExtendedColorType::L8);
    assert!(bomb.len() < 256 * 1024, "{}", bomb.len());
    assert_eq!(written_anew(&bomb), Err(Unusable::TooManyPixels));
    let deep = announcing(5000, 4001, ExtendedColorType::Rgba16);
    assert_eq!(written_anew(&deep), Err(Unusable::TooManyPixels));
    // A head alone announces anything.
    let mut gif = b"GIF89a".to_vec();
    gif.extend([0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x2c]);
    assert!(written_anew(&gif).is_err());
}

#[test]
fn what_is_no_picture_or_a_damaged_one_is_refused() {
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    for sent in [&b""[..], b"GIF89a", b"\x89PNG\r\n\x1a\n", b"RIFF\x04\0\0\0WEBP", b"\xff\xd8\xff", svg, b"BM......"] {
        assert_eq!(written_anew(sent), Err(Unusable::NoImage), "{}", String::from_utf8_lossy(sent));
    }
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let whole = written(&RgbImage::from_fn(64, 48, |x, y| Rgb([x as u8, y as u8, 9])).into(), format);
        // Wherever it ends, and whatever is flipped, it is refused or read.
        for at in 0..whole.len() {
            let _ = decoded(&whole[..at]);
            let mut flipped = whole.clone();
            flipped[at] ^= 0xff;
            let _ = decoded(&flipped);
        }
    }
}

#[tokio::test]
async fn whoever_does_not_get_a_turn_is_told() {
    assert_eq!(square(b"nothing".as_slice()).await, Err(Unusable::NoImage));
    assert!(square(written(&two_halves(), ImageFormat::Jpeg)).await.is_ok());
    let _turn = TURN.acquire().await.unwrap();
    tokio::time::pause();
    assert_eq!(square(b"nothing".as_slice()).await, Err(Unusable::Busy));
}
