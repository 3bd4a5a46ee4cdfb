//! What inline lines do to the machine's own firewall.

use sim_core::app::Communicator;

/// Whether a machine takes no connection for remote control any more once these lines have run (failure-stories S10).
///
/// Rule `image-builder-guest-firewall`: a customizer that switches on the machine's own firewall without a way in for
/// SSH or WinRM, or blocks their port, ends the build's session. Source: azure-services 2.9.
pub(super) fn shuts_out(lines: &[String], linux: bool) -> bool {
    let mut ufw = Ufw::default();
    let mut blocked = false;
    for line in lines {
        let line = line.to_ascii_lowercase();
        if linux {
            line.split([';', '&', '|']).for_each(|command| ufw.take(command));
        } else {
            blocked |= blocks(&line);
        }
    }
    blocked || (ufw.on && !ufw.admits && !ufw.admits_all)
}

/// `ufw`: what is not allowed is denied once it is on.
#[derive(Default)]
struct Ufw {
    on: bool,
    /// A rule allows SSH.
    admits: bool,
    /// What no rule is for is allowed.
    admits_all: bool,
}

impl Ufw {
    fn take(&mut self, command: &str) {
        let words: Vec<&str> = command.split_whitespace().skip_while(|word| *word != "ufw").skip(1).collect();
        let ours = words.iter().any(|word| matches!(*word, "ssh" | "openssh")) || names(command, Communicator::Ssh);
        match words.iter().find(|word| !word.starts_with("--")).copied() {
            Some("enable") => self.on = true,
            Some("disable" | "reset") => self.on = false,
            Some("allow" | "limit") if ours => self.admits = true,
            Some("deny" | "reject") if ours => self.admits = false,
            Some("default") if !words.contains(&"outgoing") => self.admits_all = words.contains(&"allow"),
            _ => {}
        }
    }
}

/// `New-NetFirewallRule` and `netsh advfirewall`: inbound, for the port of remote control or for all.
fn blocks(line: &str) -> bool {
    let cmdlet = line.contains("new-netfirewallrule") && line.contains("block") && !line.contains("outbound");
    let netsh = line.contains("netsh") && line.contains("action=block") && !line.contains("dir=out");
    let all = !line.contains("localport") || line.contains("localport any") || line.contains("localport=any");
    line.contains("blockinboundalways") || ((cmdlet || netsh) && (all || names(line, Communicator::WinRm)))
}

/// Whether the port of remote control is among the numbers of a line.
fn names(line: &str, communicator: Communicator) -> bool {
    let port = communicator.port().to_string();
    line.split(|c: char| !c.is_ascii_digit()).any(|number| number == port)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a firewall that is switched on and not noticed, a rule for the port that does not count, one for another
    /// port that does, the order of a script lost, outbound rules taken for inbound ones.
    #[test]
    fn lines_that_shut_out() {
        // Tests `image-builder-guest-firewall`.
        for (linux, lines, expected) in [
            (true, "sudo ufw --force enable", true),
            (true, "sudo ufw allow 22/tcp\nsudo ufw default deny incoming\nsudo ufw --force enable", false),
            (true, "ufw default deny incoming && ufw allow OpenSSH && ufw enable", false),
            (true, "ufw allow 2222\nufw enable", true),
            (true, "ufw allow ssh\nufw enable\nufw deny 22", true),
            (true, "ufw default deny incoming", false),
            (false, "New-NetFirewallRule -DisplayName x -Direction Inbound -LocalPort 5986 -Action Block", true),
            (false, "New-NetFirewallRule -DisplayName x -Direction Inbound -LocalPort 3389 -Action Block", false),
            (false, "New-NetFirewallRule -DisplayName x -Direction Outbound -Action Block", false),
            (false, "netsh advfirewall firewall add rule name=x dir=in action=block", true),
            (false, "netsh advfirewall set allprofiles firewallpolicy blockinboundalways,allowoutbound", true),
            (false, "netsh advfirewall firewall add rule name=x dir=in action=allow localport=5986", false),
        ] {
            let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
            assert_eq!(shuts_out(&lines, linux), expected, "{lines:?}");
        }
    }
}
