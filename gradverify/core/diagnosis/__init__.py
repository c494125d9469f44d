"""From the numbers at all points to the likely mistake: what a wrong component has in common with the right one."""

from gradverify.core.diagnosis.diagnose import diagnose as diagnose
