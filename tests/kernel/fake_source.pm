# A stand-in for the kernel's sources, for tests of `mujun kernel build`: a Makefile with the targets
# and the output of the real one, which takes a second instead of twelve minutes. Every line of
# FILES is "compiled" in turn. SPDX-License-Identifier: Apache-2.0
package fake_source;
use strict;
use warnings;
use File::Path qw(make_path);

my $makefile = <<'END';
# allnoconfig: every wanted option that a Kconfig file knows. A file that holds the word broken fails.
CONFIG := $(KCONFIG_ALLCONFIG)
allnoconfig:
	@sed -n 's/^config //p' $$(find -L . -name 'Kconfig*' -not -name '*.mujun') >obj/known
	@while IFS== read -r name value; do \
	    if grep -qxF "$${name#CONFIG_}" obj/known; then echo "$$name=$$value"; \
	    else echo "# $$name is not set"; fi; done <$(CONFIG) >obj/.config
	@echo '# configuration written to .config'
bzImage: vmlinux
	@mkdir -p obj/arch/x86/boot && cp obj/vmlinux obj/arch/x86/boot/bzImage
vmlinux: compiled
	@cat obj/*.o >obj/vmlinux
compiled:
	@for file in kernel/a.c kernel/b.c kernel/c.c mm/d.c drivers/misc/mujun_driver/*.c; do \
	    test -e $$file || continue; \
	    object=obj/$$(echo $$file | tr / _).o; \
	    if test -e $$object && ! test $$file -nt $$object; then continue; fi; \
	    echo "  CC      $${file%c}o"; \
	    if grep -q broken $$file; then echo "$$file:1:1: error: this is broken"; exit 1; fi; \
	    sleep $(or $(FAKE_SECONDS),0); \
	    cp $$file $$object; done
.PHONY: allnoconfig bzImage vmlinux compiled
END

sub put {
    my ($path, $text) = @_;
    my ($folder) = $path =~ m{^(.*)/};
    make_path($folder);
    open my $out, '>', $path or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
}

# Makes the tree; options are the names that its Kconfig knows.
sub make_tree {
    my ($top, @options) = @_;
    put("$top/Makefile", $makefile);
    put("$top/Kbuild", "# fake\n");
    put("$top/arch/x86/Kconfig", join '', map { "config $_\n\tbool \"$_\"\n\n" } @options);
    put("$top/drivers/misc/Kconfig", "menu \"Misc\"\nendmenu\n");
    put("$top/drivers/misc/Makefile", "# nothing\n");
    put("$top/$_.c", "int x;\n") for qw(kernel/a kernel/b kernel/c mm/d);
}

1;
