"""One detected face becomes a `Face` with pose, quality and crop position, and a look that tracking knows it by."""

from __future__ import annotations

from hesp.face.align import crop_corners, crop_face
from hesp.face.appearance import describe_look
from hesp.face.landmarker import RawFace
from hesp.face.pose import pose_from_landmarks
from hesp.face.quality import LOOK_CROP_PX, face_quality
from hesp.records import Array, Face


def observe(frame_rgb: Array, raw: RawFace) -> tuple[Face, Array]:
    """Describe a face of a (h, w, 3) uint8 RGB frame; the look is for `Tracker.update`."""
    look_crop = crop_face(frame_rgb, raw.landmarks_px, LOOK_CROP_PX)
    pose_deg = pose_from_landmarks(raw.landmarks_px)
    face = Face(
        box_xyxy_px=raw.box_xyxy_px,
        crop_quad_px=crop_corners(raw.landmarks_px),
        landmarks_px=raw.landmarks_px,
        blendshapes=raw.blendshapes,
        pose_deg=pose_deg,
        quality=face_quality(look_crop, raw.landmarks_px, pose_deg),
    )
    return face, describe_look(look_crop)
