"""Faces: MediaPipe's landmarks, aligned crops, head pose, quality and tracks. Only room that imports mediapipe."""

from hesp.face.align import crop_corners, crop_face, crop_transform, warp_crop
from hesp.face.appearance import describe_look
from hesp.face.finder import SEARCH_CONFIDENCE, FaceFinder
from hesp.face.landmarker import BLENDSHAPE_NAMES, MAX_FACES, Landmarker, RawFace, pad_small_face
from hesp.face.observe import observe
from hesp.face.pose import pose_from_landmarks
from hesp.face.quality import LOOK_CROP_PX, face_quality
from hesp.face.track_builder import TrackBuilder
from hesp.face.tracking import Tracker

__all__ = [
    "BLENDSHAPE_NAMES",
    "LOOK_CROP_PX",
    "MAX_FACES",
    "SEARCH_CONFIDENCE",
    "FaceFinder",
    "Landmarker",
    "RawFace",
    "TrackBuilder",
    "Tracker",
    "crop_corners",
    "crop_face",
    "crop_transform",
    "describe_look",
    "face_quality",
    "observe",
    "pad_small_face",
    "pose_from_landmarks",
    "warp_crop",
]
