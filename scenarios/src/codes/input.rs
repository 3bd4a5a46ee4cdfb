//! What readers of input say: errors, warnings, and what was assumed for want of a value.

use super::{Explanation, row};

/// Every code of a reader, by family.
pub const INPUT: &[Explanation] = &[
    row(
        "arm.api-versions",
        "The list of API versions that Azure would answer is not known here; one version stands for it.",
        "Nothing is to be mended unless a resource depends on the list.",
    ),
    row(
        "arm.argument-count",
        "A template function has too few or too many arguments.",
        "Give it as many as the message says.",
    ),
    row(
        "arm.bad-access",
        "An expression reaches into a value that has no members or items.",
        "Check what the value before the dot or bracket is.",
    ),
    row(
        "arm.bad-argument",
        "A template function does not take this value.",
        "Check the argument's type; the notes show what it evaluated to.",
    ),
    row(
        "arm.bad-condition",
        "A resource's `condition` is neither true nor false.",
        "Let the expression give a Boolean.",
    ),
    row(
        "arm.copy-count",
        "A `copy` loop has no count, or one that Azure does not take.",
        "Give `count` a whole number within the bounds that the message names.",
    ),
    row(
        "arm.dependency-cycle",
        "Resources wait for each other by `dependsOn`.",
        "Remove one of the dependencies that the message lists.",
    ),
    row(
        "arm.deployer",
        "Who deploys is not known here; a made-up identity stands in.",
        "Nothing is to be mended unless the network depends on it.",
    ),
    row(
        "arm.duplicate-resource",
        "Two resources have the same type and name.",
        "Rename one, or put a condition on each so that only one is deployed.",
    ),
    row("arm.fail", "The template itself calls `fail`.", "Its message says which value it does not want."),
    row(
        "arm.function-not-here",
        "A function that asks about deployed resources stands where values must be known before.",
        "Use a parameter or variable in names, conditions, loops and variables.",
    ),
    row(
        "arm.guid",
        "A GUID made by `guid` differs from Azure's, which does not publish its way of making it.",
        "Nothing is to be mended: it is the same in every run.",
    ),
    row(
        "arm.index-out-of-range",
        "An index is larger than its array.",
        "Check the array's length; the first item has index 0.",
    ),
    row(
        "arm.linked-template",
        "A linked template stands at an address, and nothing is downloaded.",
        "Give the linked template as a file, or build one file from both.",
    ),
    row(
        "arm.name-segments",
        "A resource's name has not as many parts as its type.",
        "A child's name holds its parents' names: `parent/child`.",
    ),
    row(
        "arm.new-guid",
        "`newGuid` gives the same value in every run, so that runs can be compared.",
        "Nothing is to be mended.",
    ),
    row(
        "arm.no-property",
        "An expression names a property that the value does not have.",
        "Check the spelling; the message names the nearest one.",
    ),
    row(
        "arm.no-resources",
        "The template has no `resources`, or they are no list.",
        "Check that this is the file that you meant.",
    ),
    row(
        "arm.not-a-resource",
        "An entry of `resources` lacks what every resource has.",
        "Give it `type`, `apiVersion` and `name`.",
    ),
    row(
        "arm.outside-resource",
        "The template asks about a resource that no input declares; placeholders stand in for the answer.",
        "Give the template that declares it as well.",
    ),
    row(
        "arm.parameter-not-allowed",
        "A parameter's value is not among its `allowedValues`.",
        "Give one of those that the message lists.",
    ),
    row(
        "arm.parameter-out-of-range",
        "A parameter's value, or its length, is out of its declared bounds.",
        "Give one within the bounds.",
    ),
    row(
        "arm.parameter-placeholder",
        "A parameter has neither value nor default; a placeholder stands in.",
        "Give the value in a parameters file or in the scenario's `parameters`.",
    ),
    row(
        "arm.parameter-type",
        "A parameter's value has another type than the template declares.",
        "Give a value of the declared type.",
    ),
    row(
        "arm.parameters-file",
        "The parameters file has not the form that Azure reads.",
        "It is an object with `parameters`, each with `value` or `reference`.",
    ),
    row(
        "arm.quickstart-placeholder",
        "A parameters file holds a placeholder of the quickstart templates; a value stands in.",
        "Give a real value if the network depends on it.",
    ),
    row(
        "arm.reference-cycle",
        "Resources need each other's properties.",
        "Remove one of the references that the message lists.",
    ),
    row(
        "arm.resource-group-location",
        "The region of the resource group is not known; the default stands in.",
        "Give resources a `location` of their own, or a parameter for it.",
    ),
    row(
        "arm.residual",
        "The output of `bicep snapshot` holds an expression that only Azure can evaluate; its value is not known.",
        "Nothing is to be mended, unless something that needs the value is told of too.",
    ),
    row(
        "arm.runtime-value",
        "A property that only Azure knows after deployment is asked for; a placeholder stands in.",
        "Nothing is to be mended unless the network depends on the value.",
    ),
    row(
        "arm.secret",
        "A parameter comes from a key vault; a placeholder stands in.",
        "Nothing is to be mended: secrets are not needed.",
    ),
    row("arm.string-too-long", "An expression gives a text longer than is kept.", "Look for loops that join text."),
    row(
        "arm.syntax",
        "A template expression is not written as Azure reads them.",
        "The message points at the place. A text that starts with `[` is written with `[[`.",
    ),
    row(
        "arm.text-placeholder",
        "A value holds a placeholder in angle brackets; a value stands in.",
        "Replace it if the network depends on it.",
    ),
    row(
        "arm.too-deep",
        "Values, calls or templates are nested deeper than is read.",
        "Look for values that build on each other.",
    ),
    row(
        "arm.too-many-resources",
        "The template gives more resources than Azure takes in one deployment.",
        "Split it, or check the counts of its loops.",
    ),
    row(
        "arm.too-much-work",
        "Evaluating the template takes more steps than any real one does.",
        "Look for loops inside loops.",
    ),
    row(
        "arm.unknown-dependency",
        "`dependsOn` names a resource that the template does not declare.",
        "Check the name; the message names the nearest one.",
    ),
    row(
        "arm.unknown-function",
        "There is no template function of this name.",
        "Check the spelling; the message names the nearest one.",
    ),
    row(
        "arm.unknown-parameter",
        "An expression, or a parameters file, names a parameter that the template does not declare.",
        "Check the spelling; the message names the nearest one.",
    ),
    row(
        "arm.unknown-resource",
        "`reference` names a resource that the template does not declare.",
        "Check the name, or use the full resource id.",
    ),
    row(
        "arm.unknown-variable",
        "An expression names a variable that the template does not define.",
        "Check the spelling; the message names the nearest one.",
    ),
    row("arm.utc-now", "`utcNow` gives a fixed date, so that runs can be compared.", "Nothing is to be mended."),
    row(
        "arm.value-cycle",
        "Parameters or variables are defined by each other.",
        "Break the circle that the notes show.",
    ),
    row(
        "azure.made-guid",
        "Azure draws the GUID in a service's names when the service is made; here it is made of the service's id.",
        "Give the service as Azure answers it, with its GUID, where the name matters.",
    ),
    row(
        "azure.missing-property",
        "A resource lacks a property that Azure asks for.",
        "Add it; the message names it and where.",
    ),
    row(
        "azure.nat-pool-used-up",
        "A NAT pool of a balancer has fewer frontend ports than the scale set behind it has instances; some have none.",
        "Widen the pool's range of frontend ports.",
    ),
    row(
        "azure.not-an-address",
        "A rule of a service's firewall names neither an address nor a range of such; nobody is let in by it.",
        "Write it like 203.0.113.7 or 203.0.113.0/24.",
    ),
    row(
        "azure.not-modelled",
        "The simulator does not know this resource or setting and leaves it out.",
        "Do not trust answers about traffic that meets it.",
    ),
    row(
        "azure.unknown-value",
        "A property has a value that the simulator does not know.",
        "Check the spelling; if Azure takes it, do not trust answers that depend on it.",
    ),
    row(
        "image-template.container-subnet",
        "An image template's container subnet is not another subnet of the build subnet's network.",
        "Name a second subnet of the same virtual network, delegated to container groups.",
    ),
    row(
        "image-template.customizer",
        "An image template has a customizer of a type that image builder does not have.",
        "Take Shell, PowerShell, File, WindowsRestart or WindowsUpdate.",
    ),
    row(
        "image-template.field",
        "An image template has a field that its version of the API does not know; letter case counts.",
        "Write the field as the reference of that version does, or leave it out.",
    ),
    row(
        "image-template.only-container-subnet",
        "An image template names a subnet for containers and none for the build VM.",
        "Give `subnetId` as well.",
    ),
    row(
        "image-template.proxy-size",
        "An image template gives a size for the proxy together with a subnet for containers, where there is no proxy; or at \
         a date when the size could not be chosen.",
        "Leave `proxyVmSize` out.",
    ),
    row(
        "image-template.region",
        "An image template is in a region where image builder was not yet at that date.",
        "Take one of the regions it names; images may be distributed to others.",
    ),
    row(
        "image-template.timeout",
        "An image template's time-out is not one that image builder takes.",
        "Give 0, for 240 minutes, or 6 to 960.",
    ),
    row(
        "image-template.vnet-config",
        "An image template names its network in the old form, and not all of it.",
        "Give `name`, `subnetName` and `resourceGroupName`, or `subnetId` instead.",
    ),
    row(
        "input.edit",
        "An edit, of `--set` or of a timeline, names no resource, leads nowhere in it, or has a value that is no JSON.",
        "Write ID.property=value with the resource's id or name, as `vnetsim list` gives it. An item of a list is \
         [name] or [0]; [+] adds one.",
    ),
    row(
        "az.not-modelled",
        "Azure would answer this question; the model does not hold what the answer needs.",
        "Ask Azure itself; LIMITATIONS.md lists what is left out.",
    ),
    row(
        "az.question",
        "A question of `vnetsim az` cannot be read, or names what the input does not hold.",
        "The message says which flag or field; the help says what it takes.",
    ),
    row(
        "input.deployed-resources",
        "Resources carry the tag of what a managed service deploys when it runs; they are left out.",
        "Nothing is to be mended: `vnetsim expand --deployed` writes them for people to read.",
    ),
    row(
        "input.file",
        "An input file or folder cannot be read from disk.",
        "Check the path and the permissions; the message says why.",
    ),
    row(
        "input.no-resource-id",
        "An item of a list of resources has no resource id; it is left out.",
        "Keep the `id` that Azure gave each resource in the list.",
    ),
    row(
        "input.not-text",
        "A file is neither UTF-8 nor UTF-16 text.",
        "Save it as UTF-8, or check that this is the file that you meant.",
    ),
    row(
        "input.bicep-source",
        "A file is Bicep's source, which only Bicep compiles.",
        "Run the command that the message gives, and read what it makes.",
    ),
    row(
        "input.terraform-log",
        "A file is what Terraform tells while it works, not a plan.",
        "Run the command that the message gives, and read what it makes.",
    ),
    row(
        "input.terraform-old-state",
        "A state file is of Terraform before 0.12, or names a backend only.",
        "Pull the state with a newer Terraform: `terraform state pull`.",
    ),
    row(
        "input.terraform-plan-binary",
        "A plan is in Terraform's own binary form.",
        "Run `terraform show -json` on it, and read what that prints.",
    ),
    row(
        "input.terraform-source",
        "A file is Terraform's source, which only Terraform evaluates.",
        "Plan it and read the plan as JSON, by the command that the message gives.",
    ),
    row(
        "input.terraform-variables",
        "A file holds values of Terraform's variables, which only Terraform evaluates.",
        "Plan with it and read the plan as JSON, by the command that the message gives.",
    ),
    row(
        "input.several-states",
        "A recording holds several states of one network; the last counts.",
        "Take the state that you mean out of the file.",
    ),
    row(
        "input.table",
        "A row of a table, as Resource Graph answers, does not fit its columns.",
        "Ask for the answer as objects, or check that the file is whole.",
    ),
    row(
        "input.too-many",
        "The input holds more resources, or parts of them, than are read.",
        "Give the resources of the networks that you ask for.",
    ),
    row("input.too-large", "A file is larger than is read.", "Check that this is the file that you meant."),
    row(
        "input.two-bodies",
        "Two files hold bodies of one resource that contradict each other; the fuller one counts.",
        "Remove the one that is out of date.",
    ),
    row(
        "input.unknown-kind",
        "A JSON file is of no kind that is read.",
        "Give ARM templates, their parameters files, output of `bicep snapshot`, bodies of resources with their ids, plans \
         and states of Terraform, role definitions, or Microsoft's lists of service tags.",
    ),
    row(
        "json.duplicate-key",
        "An object has a key twice.",
        "Remove one: which of the two counts depends on the program that reads the file.",
    ),
    row("json.empty", "A file holds no JSON value.", "Check that this is the file that you meant."),
    row(
        "json.keys-differ-in-case",
        "Two keys of an object differ only in letter case: an error where Azure takes them for the same, a warning where \
         names are the user's own or the provider is not known here.",
        "Remove one.",
    ),
    row("json.syntax", "A file is not JSON.", "The message points at the first place that cannot be read."),
    row("json.too-deep", "JSON is nested deeper than is read.", "Check that this is the file that you meant."),
    row("json.too-large", "JSON text is larger than is read.", "Check that this is the file that you meant."),
    row(
        "name.no-address",
        "A host name exists, and has no address: its record set is empty, or holds records of other kinds.",
        "Add the address to the record set in the zone that is named, or let a zone group of the private endpoint keep it.",
    ),
    row(
        "name.server-fails",
        "A name server was asked and could ask nobody on: it is told of no server, or those that it asks are silent.",
        "Give it a server to forward to that it can reach; inside a virtual network 168.63.129.16 is one.",
    ),
    row(
        "name.unanswered",
        "A question about a name gets to a machine that answers none.",
        "Check the DNS servers of the network and the NIC; a scenario says with `name-servers` which machines answer.",
    ),
    row(
        "name.unknown",
        "A host name does not exist for the one who asks. A private zone that is linked to the network speaks alone for all \
         names below its own.",
        "Add the record to the zone that is named, link the zone that has it to the network of the resolver that is asked, \
         or set `resolutionPolicy` of the link to `NxDomainRedirect`.",
    ),
    row(
        "scenario.actor",
        "An actor cannot be joined to the network as it is described.",
        "The message says what is in the way: an address in use, a network that is not there.",
    ),
    row("scenario.ambiguous-name", "A name fits more than one resource.", "Use the resource id."),
    row("scenario.duplicate-key", "A scenario has a key twice in one place.", "Keep one of the two."),
    row(
        "scenario.file",
        "A file or folder that is named cannot be read.",
        "Paths in `topology` are relative to the scenario file; nothing is downloaded.",
    ),
    row(
        "scenario.missing",
        "A scenario lacks a key that is needed in this place.",
        "Add it; `vnetsim schema scenario` lists all keys.",
    ),
    row(
        "scenario.gateway",
        "An on-premises actor is joined to a virtual network by a gateway, which is taken to let everything pass.",
        "Nothing is to be mended; gateways themselves are not modelled.",
    ),
    row(
        "scenario.no-template",
        "A build needs an image template, and the topology declares none.",
        "Add the template's file to `topology`.",
    ),
    row(
        "scenario.syntax",
        "A scenario file is not the YAML that is read: one document, no merge keys, no tags of one's own.",
        "The message points at the first place that cannot be read.",
    ),
    row("scenario.too-large", "A scenario file is larger or deeper than is read.", "Split it, and use fewer aliases."),
    row(
        "scenario.unknown-key",
        "A scenario has a key that means nothing in this place.",
        "Check the spelling and the indentation; the message lists the keys there are.",
    ),
    row(
        "scenario.unknown-name",
        "A scenario names something that neither the network nor its actors have.",
        "Check the spelling; the message names the nearest one.",
    ),
    row(
        "scenario.value",
        "A scenario has a value that is not possible in this place.",
        "Write one of those that the message names.",
    ),
    row(
        "tags.file",
        "What service tags hold is taken from the list that is named.",
        "Nothing is to be mended; answers about other times want the list of that time.",
    ),
    row(
        "tags.form",
        "A list of service tags is not in the form in which Microsoft publishes it.",
        "Take the file as it is published, or what `az network list-service-tags` prints.",
    ),
    row(
        "tags.other-file",
        "The file named with --service-tags is something else.",
        "Give Microsoft's weekly file, or what `az network list-service-tags` prints.",
    ),
    row(
        "tags.prefix",
        "A list of service tags has an address prefix that is none.",
        "The message says what is wrong with it; take the file as Microsoft publishes it.",
    ),
    row(
        "tags.several",
        "The input holds more than one list of service tags; the one with the larger change number counts.",
        "Name the one you mean with --service-tags.",
    ),
    row(
        "tags.too-many",
        "A list of service tags is larger than is read.",
        "Check that this is the file that you meant.",
    ),
    row(
        "terraform.known-after-apply",
        "An id in a plan is known after apply only, and the plan's configuration does not tell what it will be.",
        "Give the state after apply. Locals are what plans most often leave out: refer to the resource itself.",
    ),
    row(
        "terraform.name",
        "The name of a resource is known after apply only; a name made of its address stands in.",
        "Nothing is to be mended; the state after apply has the name.",
    ),
    row(
        "terraform.old-state",
        "An instance in a state file is written as Terraform 0.11 did; it is left out.",
        "Apply once with a newer Terraform, or read what `terraform show -json` prints.",
    ),
    row(
        "terraform.other-providers",
        "Resources of other providers than azurerm and azapi are left out.",
        "Nothing is to be mended: they are not in Azure's network.",
    ),
    row(
        "terraform.same-id",
        "Two instances of a plan or state come to the same resource id; the later one counts.",
        "Rename one: Azure has each name once.",
    ),
    row(
        "terraform.several-references",
        "An id in a plan is made of several, and a plan does not say which one a condition chooses; the first is taken.",
        "Give the state after apply, or check that the one in the message is meant.",
    ),
    row(
        "terraform.subnet-prefix",
        "Of an existing network the names of its subnets are known only; free prefixes stand in.",
        "Add a data source for the subnet, or give the state that declares it.",
    ),
    row(
        "terraform.target-not-read",
        "An association changes a resource that is not among the input; it is left out.",
        "Give the plan or state that declares the resource as well.",
    ),
    row("terraform.too-deep", "Modules are nested deeper than is read.", "Check that this is the file that you meant."),
    row(
        "terraform.too-many-references",
        "Working out what is known after apply takes more steps than any real plan does.",
        "Give the state after apply, in which every value is known.",
    ),
    row(
        "terraform.too-many-resources",
        "A plan or state lists more instances than are read.",
        "Check that this is the file that you meant, or split it.",
    ),
    row(
        "world.assumed-resource",
        "A resource is referred to and not declared; a plain one stands in.",
        "Give the template that declares it as well.",
    ),
    row(
        "world.guest-forwards",
        "A NIC forwards packets; that the operating system behind it does so too is assumed.",
        "Nothing is to be mended if it does.",
    ),
    row(
        "world.uncapped-size",
        "The bandwidth of this machine size is not in the data; the machine sends without a limit.",
        "Do not trust throughput figures of this machine.",
    ),
];
