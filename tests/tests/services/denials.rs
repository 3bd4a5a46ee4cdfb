//! What vaults, storage accounts and others say to who is kept out.

use sim_core::time::Nanos;
use sim_core::topology::{Guard, Setting};
use topologies::services::smb::{Mount, PORT};
use topologies::services::{storage, vault};
use vnetsim_tests::net::{Net, addr};
use vnetsim_tests::services::{Said, ask, closed, directory, engine};

const VAULT: &str = "kv.vault.azure.net";
const BLOB: &str = "acc.blob.core.windows.net";

fn network() -> Net {
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", "10.0.0.0/24", None);
    net.vm("vm", "v/s", None);
    net.internet_host("stranger", "203.0.113.7/32");
    net.managed("kv", vault::RESOURCE_TYPE, &[("vault", VAULT, "20.70.0.1/32", "AzureKeyVault")]);
    let fronts =
        [("blob", BLOB, "20.60.0.1/32", "Storage"), ("file", "acc.file.core.windows.net", "20.60.0.2/32", "Storage")];
    net.managed("acc", storage::RESOURCE_TYPE, &fronts);
    net
}

fn not_public() -> Guard {
    Guard { public: Setting::default_of(false), ..Guard::default() }
}

#[test]
fn a_vault_says_whom_it_sees() {
    // azure-services 8.5. Tests `vault-denial`.
    // Catches: a vault's text without the address, without its name and region, or the same for both settings.
    let mut net = network();
    let names = directory(&[(VAULT, addr("20.70.0.1"))]);
    let get = || vault::SecretGet::new(VAULT.into(), "key".into());
    let said = ask(&net, "stranger", &names, get());
    assert_eq!((said.end().0, said.statuses()), ("done", vec![401, 200]));
    net.guard("kv", |guard| *guard = closed(&[], &["203.0.113.8/32"]));
    let said = ask(&net, "stranger", &names, get());
    let (how, text) = said.end();
    let expected = "(Forbidden) Client address is not authorized and caller is not a trusted service.\r\nClient address: \
                    203.0.113.7\r\nCaller: appid=";
    assert!(how == "refused" && text.starts_with(expected), "{text}");
    assert!(text.contains("\r\nVault: kv;location=westus2") && text.ends_with("ForbiddenByFirewall"), "{text}");
    net.guard("kv", |guard| *guard = closed(&[], &["203.0.113.0/24"]));
    assert_eq!(ask(&net, "stranger", &names, get()).end().0, "done");
    net.guard("kv", |guard| *guard = not_public());
    let said = ask(&net, "stranger", &names, get());
    let expected = "(Forbidden) Public network access is disabled and request is not from a trusted service nor via an \
                    approved private link.";
    assert!(said.end().1.starts_with(expected) && said.end().1.ends_with("ForbiddenByConnection"), "{:?}", said.end());
}

#[test]
fn storage_says_nothing_but_no() {
    // azure-services 8.5. Tests `storage-denial`.
    // Catches: an answer of another service, a PUT that passes where a GET does not.
    let mut net = network();
    let names = directory(&[(BLOB, addr("20.60.0.1"))]);
    let get = || storage::BlobClient::get(BLOB.into(), "c/b".into());
    let put = || storage::BlobClient::put(BLOB.into(), "c/b".into(), 100_000);
    assert_eq!(ask(&net, "vm", &names, get()).end(), ("done", "c/b: 4096 bytes got"));
    assert_eq!(ask(&net, "vm", &names, put()).end(), ("done", "c/b: 100000 bytes put"));
    net.guard("acc", |guard| *guard = closed(&[], &[]));
    let denied = "This request is not authorized to perform this operation.\nErrorCode:AuthorizationFailure";
    assert_eq!(ask(&net, "vm", &names, get()).end(), ("refused", denied));
    assert_eq!(ask(&net, "vm", &names, put()).end(), ("refused", denied));
}

#[test]
fn a_share_is_behind_the_same_firewall() {
    // azure-services 8.5. Tests `storage-smb`.
    // Catches: SMB that passes where HTTPS does not; a denial that packets notice.
    for (guard, expected) in
        [(Guard::default(), ("done", "mounted")), (not_public(), ("refused", "mount error(13): Permission denied"))]
    {
        let mut net = network();
        net.guard("acc", |it| *it = guard);
        let mut engine = engine(&net, Said::default());
        let node = engine.topology().find("vm").unwrap().id;
        let mount = Mount::new((addr("20.60.0.2"), PORT), Nanos::secs(15), Nanos::secs(1), None);
        assert!(engine.spawn(node, Box::new(mount)).is_some());
        engine.run_until(Nanos::secs(60));
        assert_eq!(engine.observer.end(), expected);
    }
}
