//! How long `meshrun -e 1` takes, against a shell that does nothing.

use std::process::Command;

fn main() {
    let meshrun = meshrun_benches::binary();
    let ours = || {
        let mut command = Command::new(&meshrun);
        command.args(["-e", "1"]);
        command
    };
    let shell = || {
        let mut command = Command::new("sh");
        command.args(["-c", "true"]);
        command
    };
    meshrun_benches::compare(31, ("meshrun -e 1", ours), ("sh -c true", shell));
}
