using System.CommandLine;
using System.Globalization;
using CityHelper.Checks.PlanAudits;
using CityHelper.Data.Cities;
using CityHelper.Data.WorstCases;
using CityHelper.Engine.Clients;
using CityHelper.Server.WorstCases;
using Npgsql;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper operations check --city nyc</c></summary>
public static class OperationsCheckCommand
{
    private const string Help =
        "Runs every operation of the manifest with worst-case values of the city's data (the densest part, the rarest category, "
        + "the deepest page, …) and looks at PostgreSQL's plans. Exits with 1 when one reads too much, and says why. "
        + "Changes nothing in the database.";

    public static Command Create(CommandHost host)
    {
        var folder = new Argument<DirectoryInfo>("folder")
        {
            Description = $"The folder with {OperationManifest.FileName}.",
            DefaultValueFactory = _ => new DirectoryInfo("persisted-queries"),
        };
        var city = new Option<string>("--city")
        {
            Description = "The city whose data it is checked with.",
            DefaultValueFactory = _ => "nyc",
        };
        var update = new Option<bool>("--update")
        {
            Description = "Write the fingerprints of the plans into the manifest; an operation without one is not published.",
        };
        var runs = new Option<bool>("--runs") { Description = "Print what every run has read, too." };
        var command = new Command("check", Help) { folder, city, update, runs };
        command.SetAction((parsed, cancellation) => host.RunAsync(() => RunAsync(
            host, parsed.GetValue(folder)!, parsed.GetValue(city)!, (parsed.GetValue(update), parsed.GetValue(runs)), cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandHost host, DirectoryInfo folder, string slug, (bool Update, bool Runs) options, CancellationToken cancellation)
    {
        (string path, OperationManifest manifest) = OpenManifest(folder);
        CityWorstCases city = await WorstCasesAsync(host, slug, cancellation);
        await using CheckServices services = await CheckServices.StartAsync(host.ConnectionString, host.Time, cancellation);
        WorstCaseValues values = services.ValuesOf(city);
        OperationCheck check = services.CheckWith(values);
        string data = OperationReport.DataOf(values, services.Catalog.ServerVersion);
        List<CheckedOperation> operations = [];
        foreach (ManifestOperation entry in manifest.Operations)
        {
            CheckedOperation operation = await check.CheckAsync(entry, cancellation);
            operations.Add(operation);
            IEnumerable<string> lines = OperationReport.Lines(operation, isSameData: manifest.PlansOf == data);
            foreach (string line in lines.Concat(options.Runs ? OperationReport.Runs(operation) : []))
            {
                await host.Output.WriteLineAsync(line);
            }
        }

        await host.Output.WriteLineAsync(OperationReport.Plans(operations, manifest, data, options.Update));
        if (options.Update)
        {
            OperationManifest updated = manifest with
            {
                PlansOf = data,
                Operations = [.. operations.Select(o => o.Entry with { Plan = o.HasPassed ? o.Fingerprint : null })],
            };
            await File.WriteAllTextAsync(path, updated.ToString(), cancellation);
        }

        int rejected = operations.Count(operation => !operation.HasPassed);
        return rejected == 0
            ? 0
            : throw new CommandException(string.Create(
                CultureInfo.InvariantCulture,
                $"{rejected} of {operations.Count} operations must not be published; the reasons are above, "
                    + $"what is allowed is in docs/decisions/0012-plan-audit.md."));
    }

    private static (string Path, OperationManifest Manifest) OpenManifest(DirectoryInfo folder)
    {
        string path = Path.Combine(folder.FullName, OperationManifest.FileName);
        if (!File.Exists(path))
        {
            throw new CommandException($"There is no {path}: build it with `cityhelper operations build`, or name another folder.");
        }

        CommandHost.RequireReadable([path], Data.Limits.TextFileBytesMax);
        return (path, OperationManifest.Read(path));
    }

    private static async Task<CityWorstCases> WorstCasesAsync(CommandHost host, string slug, CancellationToken cancellation)
    {
        await using NpgsqlDataSource database = await host.OpenDatabaseAsync(cancellation);
        CityEntry entry = await host.FindCityAsync(database, slug, cancellation);
        CityWorstCases city = await WorstCaseReader.ReadAsync(database, entry, cancellation);
        return city.Requests > 0 ? city : throw new CommandException(
            $"{slug} has no requests, so there is nothing to check: import some with `cityhelper import --city {slug}`, "
                + "or make some up with --generate.");
    }
}
